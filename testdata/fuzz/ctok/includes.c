#include "a.h"
#include <b/c.h>
#if __has_include(<x.h>)
#include_next <x.h>
#endif
#include MACRO(1)
