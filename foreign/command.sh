# Any command. It finds the compiler as $CC, and may install below $DESTDIR.
DESTDIR=$dest HOST=$triple TARGET_OS=$os TARGET_ARCH=$arch
export DESTDIR HOST TARGET_OS TARGET_ARCH
"$@"
