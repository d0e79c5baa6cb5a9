/* SPDX-License-Identifier: MIT */
#ifndef MMAPVET_HOLD_H
#define MMAPVET_HOLD_H

/* the end of a socket pair that hold.so finds open */
#define HOLD_FD		3
#define HOLD_LIBRARY	"/mmapvet/hold.so"
#define HOST_KEY	"/etc/dropbear/hostkey"

#endif
