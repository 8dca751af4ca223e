/* hiredis: a command as it goes over the wire. */
#include <string.h>

#include <hiredis.h>

static int redis_format(void)
{
	char *cmd;
	int n = redisFormatCommand(&cmd, "SET %s %d", "k", 42);
	int ok = n > 0 && strcmp(cmd, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n42\r\n") == 0;

	redisFreeCommand(cmd);
	return ok;
}

int main(void)
{
	return redis_format() ? 0 : 1;
}
