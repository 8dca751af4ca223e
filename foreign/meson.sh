# Meson with ninja; one job, for ninja takes part in no jobserver before 1.13.
case $arch in
amd64) family=x86_64 ;;
386) family=x86 ;;
arm64) family=aarch64 ;;
ppc64le) family=ppc64 ;;
loong64) family=loongarch64 ;;
*) family=$arch ;;
esac
endian=little
[ "$arch" != s390x ] || endian=big
cat >"$top/.cbuild/cross.ini" <<END
[binaries]
c = '$top/.cbuild/bin/cc'
ar = '$top/.cbuild/bin/ar'
[host_machine]
system = '$os'
cpu_family = '$family'
cpu = '$arch'
endian = '$endian'
END
meson setup --cross-file "$top/.cbuild/cross.ini" --prefix "$prefix" --libdir lib --buildtype plain \
	--default-library static --wrap-mode nodownload "$@" "$work" "$src"
ninja -C "$work" -j 1 ${targets-}
DESTDIR=$dest meson install -C "$work" --no-rebuild
