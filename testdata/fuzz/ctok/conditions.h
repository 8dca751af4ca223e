#ifndef A_H
#define A_H
#if defined(_WIN32) || (X > 3 && !defined Y)
#include "w.h"
#elif 0x0
#else
#include <l.h>
#endif
#define N "n.h"
#endif
