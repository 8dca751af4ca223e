# CMake with its makefiles, which take part in a jobserver.
case $arch in
amd64) processor=x86_64 ;;
386) processor=i686 ;;
arm64) processor=aarch64 ;;
arm) processor=armv${variant#v} ;;
*) processor=$arch ;;
esac
cat >"$top/.cbuild/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $processor)
set(CMAKE_C_COMPILER "$top/.cbuild/bin/cc")
set(CMAKE_ASM_COMPILER "$top/.cbuild/bin/cc")
set(CMAKE_AR "$top/.cbuild/bin/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "$top/.cbuild/bin/ranlib" CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH "$top/.cbuild/none")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
END
cmake -S "$src" -B "$work" -G "Unix Makefiles" -DCMAKE_TOOLCHAIN_FILE="$top/.cbuild/toolchain.cmake" \
	-DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
	-DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF "$@"
make -C "$work" DESTDIR="$dest" ${targets:-install}
