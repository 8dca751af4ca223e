# What was asked for, from where the build installed it, else from where it was made, to its place.
cd "$top"
find_made() {
	for dir in "$dest$prefix" "$dest$prefix/lib" "$dest" "$work" "$src" "$top"; do
		if [ -e "$dir/$1" ]; then
			printf '%s\n' "$dir/$1"
			return
		fi
	done
	echo "the build ended well but made no '$1'" >&2
	(cd "$dest" && find . -type f | sort | sed 's/^/installed: /' | head -n 20) >&2
	return 1
}
for name in $libs $include; do
	from=$(find_made "$name")
	[ "$from" != "$top/$name" ] || continue
	rm -rf "./$name"
	mkdir -p "./$(dirname "$name")"
	mv "$from" "./$name"
done
