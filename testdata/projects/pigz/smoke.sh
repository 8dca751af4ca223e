#!/bin/sh
# The target `test` of pigz's Makefile; gzip is the judge of what pigz writes.
set -eu
bin=$1
shift
for flags in "-kf" "-kfb 32" "-kfp 1" "-kf -11" "-kfz" "-kfK"; do
	rm -f pigz.c.*
	# shellcheck disable=SC2086 # a list of flags
	"$@" "$bin/pigz" $flags pigz.c
	"$@" "$bin/pigz" -t pigz.c.*
done
for text in "" x xy xyz; do
	[ "$(printf '%s' "$text" | "$@" "$bin/pigz" -cdf)" = "$text" ]
	[ "$( (printf w | gzip; printf '%s' "$text") | "$@" "$bin/pigz" -cdf)" = "w$text" ]
done
cat ./*.c zopfli/src/zopfli/*.c >out.all
"$@" "$bin/pigz" -9 -p 4 -c out.all | gzip -dc | cmp - out.all
gzip -c out.all | "$@" "$bin/pigz" -dc | cmp - out.all
