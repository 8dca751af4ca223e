# The begin of every foreign build. What stands above, written by pkg/plan/foreign.c: `os`, `arch`, `variant`,
# `triple`, `folder`, `targets`, `libs`, `include`, `cc_text`, `ld_text`, `ar_text`, `cflags`; "$@" are the manifest's args.
unset PWD OLDPWD
cd -P .
top=$(pwd -P)
src=$(cd "$folder" && pwd -P)
work=$top/.cbuild/work dest=$top/.cbuild/dest prefix=/usr/local
mkdir -p .cbuild/bin .cbuild/home .cbuild/tmp "$work" "$dest"
printf '%s\n' "$cc_text" >.cbuild/bin/cc
printf "%s\n" "$ar_text" >.cbuild/bin/ar
printf "%s\n" "$ld_text" >.cbuild/bin/ld
printf '#!/bin/sh\nexec ar s "$@"\n' >.cbuild/bin/ranlib
chmod +x .cbuild/bin/*
PATH=$top/.cbuild/bin:$PATH HOME=$top/.cbuild/home TMPDIR=$top/.cbuild/tmp
CC=cc AR=ar RANLIB=ranlib CFLAGS=$cflags
PKG_CONFIG_LIBDIR=$top/.cbuild/none
export PATH HOME TMPDIR CC AR RANLIB CFLAGS PKG_CONFIG_LIBDIR
cd "$src"
