/* SPDX-License-Identifier: GPL-2.0-only */
/* Put before the datapath's source: makes another object of the same program. */
int nfm_other_build(void);
int nfm_other_build(void)
{
	return 1;
}
