#ifdef T
int main(argc, argv) int argc; char **argv; <% %>
#else
int main(void) __attribute__((cold)) {}
#endif
void TestA(struct test *t) { int n = 1'000e+2; }
