# A plain makefile: variables and the like are args; it is asked for its default, or for `targets`.
make CC=cc AR=ar RANLIB=ranlib DESTDIR="$dest" PREFIX="$prefix" prefix="$prefix" "$@" ${targets-}
