/* SPDX-License-Identifier: MIT */
#ifndef MMAPVET_INIT_H
#define MMAPVET_INIT_H

#include <stdbool.h>

/* handover.c: the port to the host, -1 for none. */
extern int port;

bool open_port(void);
/* A line for the host; on the console where there is no port. */
__attribute__((format(printf, 1, 2)))
void say(const char *format, ...);
/* Says errno's error unless it went well. */
void must(int ok, const char *what);
/* Takes what the host sends until it says go; -1 if that is not to be understood. */
int hand_over(void);
/* Takes what has come since. */
void take_items(void);

/* sshd.c */
int listen_ssh(void);
/* Starts the sshd of the first connection. Returns where to send that connection, -1 for nowhere. */
int hold_sshd(void);
void serve_one(int listener, int *held);

#endif
