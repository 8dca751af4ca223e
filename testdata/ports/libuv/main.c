/* libuv: a timer and a thread of its pool. */
#include <stddef.h>

#include <uv.h>

static void on_timer(uv_timer_t *t)
{
	++*(int *)t->data;
	uv_close((uv_handle_t *)t, NULL);
}

static void on_work(uv_work_t *w)
{
	*(int *)w->data = 7;
}

static int uv_turn(void)
{
	uv_timer_t timer;
	uv_work_t work;
	int fired = 0, worked = 0;

	timer.data = &fired;
	work.data = &worked;
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 5, 0);
	uv_queue_work(uv_default_loop(), &work, on_work, NULL);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return fired == 1 && worked == 7;
}

int main(void)
{
	return uv_turn() ? 0 : 1;
}
