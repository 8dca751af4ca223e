/* termbox: what it draws comes out of a pseudo-terminal, and a key goes in. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <termbox.h>

int main(void)
{
	struct winsize size = {.ws_row = 5, .ws_col = 20};
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, ok;
	struct tb_event ev = {0};
	static char out[1 << 16];
	ssize_t n;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ioctl(master, TIOCSWINSZ, &size) != 0)
		return 1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	setenv("TERM", "xterm", 1);
	if (slave < 0 || tb_init_fd(slave) != 0)
		return 1;
	ok = tb_width() == 20 && tb_height() == 5;
	tb_change_cell(3, 2, 0x263a, TB_RED | TB_BOLD, TB_DEFAULT);
	tb_present();
	n = read(master, out, sizeof out - 1);
	ok = ok && n > 0 && memmem(out, (size_t)n, "\xe2\x98\xba", 3) && write(master, "\033OA", 3) == 3 &&
	     tb_peek_event(&ev, 5000) == TB_EVENT_KEY && ev.key == TB_KEY_ARROW_UP;
	tb_shutdown();
	close(master);
	return ok ? 0 : 1;
}
