# ./configure, made by autoconf; the words that others do not know are warned of and ignored.
cd "$work"
sh "$src/configure" --host="$triple" --prefix="$prefix" --libdir="$prefix/lib" \
	--disable-shared --enable-static "$@" || {
	status=$?
	[ ! -f config.log ] || tail -n 40 config.log
	exit $status
}
make DESTDIR="$dest" ${targets:-install}
