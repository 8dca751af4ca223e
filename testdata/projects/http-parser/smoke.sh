#!/bin/sh
# The target `test` of http-parser's Makefile, and its URL parser.
set -eu
bin=$1
shift
"$@" "$bin/test_g" >out.g
"$@" "$bin/test" >out.fast
tail -n 1 out.g
"$@" "$bin/url_parser" get http://example.com:8080/a/b?c=d | grep -q 'port: 8080'
