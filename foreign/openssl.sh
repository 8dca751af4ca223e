# OpenSSL 1.1 and later: perl Configure TARGET, its own makefile.
case $os/$arch in
linux/amd64) to=linux-x86_64 ;;
linux/386) to=linux-x86 ;;
linux/arm64) to=linux-aarch64 ;;
linux/arm) to=linux-armv4 ;;
linux/riscv64) to=linux64-riscv64 ;;
linux/ppc64le) to=linux-ppc64le ;;
linux/s390x) to=linux64-s390x ;;
linux/loong64) to=linux64-loongarch64 ;;
*) echo "OpenSSL: no name for $os/$arch" >&2 && exit 1 ;;
esac
perl ./Configure "$to" --prefix="$prefix" --libdir=lib "$@"
make DESTDIR="$dest" ${targets:-install_dev}
