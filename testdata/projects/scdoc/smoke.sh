#!/bin/sh
# The target `check` of scdoc's Makefile: its test scripts call ./scdoc, and say FAIL without failing.
set -eu
bin=$1
shift
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$bin/scdoc" >scdoc
chmod +x scdoc
for t in test/*; do
	[ ! -x "$t" ] || sh "$t"
done >out.check
cat out.check
grep -q 'OK$' out.check
! grep 'FAIL$' out.check
