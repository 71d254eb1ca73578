/* SPDX-License-Identifier: GPL-2.0-only */
/* Points at which an agent made for tests ends itself: see fault.c. */
#ifndef NFM_FAULT_H
#define NFM_FAULT_H

/** A thread came to this point. Returns, or does not. */
void fault_point(const char *point);

#endif
