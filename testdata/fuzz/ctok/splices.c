/\
* a *\
/ %:inc\
lude <a\
.h>
// \
#include <no>
char *s = L"\"\
#x"; int c = '\''; x = .5e-1'0;
