/*
 * What server.c (listening, timing, draining) and conn.c (one connection)
 * share. Never included from outside.
 */
#ifndef SERVER_SERVER_IMPL_H
#define SERVER_SERVER_IMPL_H

#include "server/server.h"

enum { READ_BYTES = 64 << 10 };

/* What a connection is waiting for; each stage has a time limit of its own. */
enum stage {
	STAGE_IDLE,   /* the next request */
	STAGE_HEAD,   /* the rest of a head */
	STAGE_BODY,   /* the rest of a body */
	STAGE_WORK,   /* the handler's answer */
	STAGE_WRITE,  /* the peer to take the answers */
	STAGE_LINGER, /* the peer to close; what it still sends is dropped */
	STAGE_CLOSED,
};

struct conn {
	struct exchange x; /* first: server_answer() casts back */
	uv_tcp_t tcp;
	struct server *s;
	struct conn *prev, *next; /* all open connections of the server */
	enum stage stage;
	uint64_t deadline_ms; /* of the stage, in loop time */
	bool in_handler;      /* the handler has not returned yet */
	bool owed;	      /* the handler has not answered yet */
	bool writing;	      /* `out` is with the kernel */
	bool ending;	      /* no further request is read */
	bool eof;	      /* the peer will send no more */
	bool paused;	      /* reading is stopped */
	bool keep_alive;      /* the present request's wish */
	bool served;	      /* at least one request has come */
	bool handle_closed;
	struct http_framer framer;
	struct buf in;	 /* bytes of requests that are not done */
	struct buf out;	 /* being written */
	struct buf more; /* to be written next */
	uv_write_t write;
	uv_shutdown_t shutdown;
};

struct server {
	struct server_options o;
	uv_loop_t *loop;
	uv_tcp_t listener;
	uv_timer_t tick;
	struct conn *conns;
	struct server_stats stats;
	bool draining;
	bool told; /* that it is drained */
	uint64_t drain_end_ms;
	int64_t date_s;
	char date[30];
	struct buf out;	     /* answers being put together; empty between callbacks */
	char in[READ_BYTES]; /* where every read lands first */
};

/* Accepts from the listener. */
void conn_accept(struct server *s);

/* Acts on a deadline that has passed. May close the connection and unlink it. */
void conn_check(struct conn *c, uint64_t now_ms);

/*
 * Closes the connection, whatever it does, when `force`. Else one that is between
 * requests gets a moment for the next, which may be on its way: more when it
 * has only just been accepted.
 */
void conn_stop(struct conn *c, bool force);

/* Tells the owner when the last connection of a draining server has gone. */
void server_conn_gone(struct server *s);

#endif
