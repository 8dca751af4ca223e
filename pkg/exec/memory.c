/*
 * An action may start beside others when its recorded peak fits twice: into what was available when
 * nothing ran, less the peaks of all that run (which may not have grown to them yet), and into what is
 * available now (others use the machine too). Something large is passed over a few times; then nothing
 * starts until it fits, or it would wait for ever.
 */
#include "exec/exec_impl.h"
#include "sys/clock.h"

enum { ASK_EVERY_MS = 100, PASSED_MOST = 8 };

static void ask(struct memory *m, size_t running)
{
	uint64_t now = clock_mono_ms();

	if (m->fixed_bytes) {
		m->now_bytes = m->idle_bytes = m->fixed_bytes;
		return;
	}
	if (m->asked_ms && now - m->asked_ms < ASK_EVERY_MS && m->idle_bytes)
		return;
	m->asked_ms = now;
	m->now_bytes = memory_available_bytes();
	if (!running || m->now_bytes > m->idle_bytes)
		m->idle_bytes = m->now_bytes;
}

uint64_t memory_room(struct memory *m, size_t running)
{
	uint64_t room;

	ask(m, running);
	if (!running || !m->idle_bytes)
		return UINT64_MAX;
	if (m->fixed_bytes)
		return m->fixed_bytes > m->promised_bytes ? m->fixed_bytes - m->promised_bytes : 0;
	room = m->idle_bytes > m->promised_bytes ? m->idle_bytes - m->promised_bytes : 0;
	return m->now_bytes < room ? m->now_bytes : room;
}

bool memory_may_pass(const struct memory *m)
{
	return m->passed < PASSED_MOST;
}

void memory_start(struct memory *m, uint64_t peak_bytes, bool passed)
{
	m->promised_bytes += peak_bytes;
	m->passed = passed ? m->passed + 1 : 0;
}

void memory_end(struct memory *m, uint64_t peak_bytes)
{
	m->promised_bytes -= peak_bytes;
}
