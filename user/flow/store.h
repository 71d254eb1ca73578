/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The template store: templates by (exporter, version, domain, id), and the samplers that options
 * data announced, by (exporter, version, domain, sampler). It only forgets by redefinition,
 * withdrawal or for want of room: of the exporter that wants more, what was unused longest goes
 * first; if it has nothing, of all. Pure.
 */
#ifndef NFM_STORE_H
#define NFM_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/template.h"

/** A factor that bytes and packets are multiplied with; num 0: not known. */
struct nfm_sampling {
	uint32_t num;
	uint32_t den;
};

#define NFM_SAMPLER_ANY UINT64_MAX /* announced without a sampler's id: for the whole stream */
#define NFM_SAMPLING_MOST 16777216U

struct nfm_sampler {
	struct nfm_template_name stream; /* id 0 */
	uint64_t id;			 /* NFM_SAMPLER_ANY */
	struct nfm_sampling sampling;
};

#define NFM_STORE_PER_EXPORTER 4096U
#define NFM_STORE_BYTES (64ULL << 20)

/** 0: the default. */
struct nfm_store_limits {
	uint32_t per_exporter; /* templates and samplers */
	uint64_t bytes;	       /* of all templates and samplers, in memory */
};

enum nfm_store_event {
	NFM_STORE_SET,	     /* a template is new or has changed */
	NFM_STORE_SEEN,	     /* it was announced again; told once a minute, for its age on disk */
	NFM_STORE_WITHDRAWN, /* also a sampler */
	NFM_STORE_FORGOTTEN, /* no room; also a sampler */
	NFM_STORE_SAMPLER,   /* a sampler is new or has changed */
};

struct nfm_store_change {
	enum nfm_store_event event;
	const struct nfm_template *template; /* NULL for a sampler */
	const struct nfm_sampler *sampler;
};

/**
 * Hears of every change, after it is made; WITHDRAWN and FORGOTTEN before the template is freed. It
 * must not change the store.
 */
typedef void (*nfm_store_fn)(void *cookie, const struct nfm_store_change *change);

struct nfm_store;

/** `limits` NULL: the defaults. 0, -ENOMEM. */
int nfm_store_new(const struct nfm_store_limits *limits, struct nfm_store **out);
void nfm_store_free(struct nfm_store *store);
void nfm_store_free_p(struct nfm_store **store); /* for _cleanup_ */

/** Who hears of changes from now on; NULL: nobody (while a file is loaded). */
void nfm_store_listen(struct nfm_store *store, nfm_store_fn fn, void *cookie);

/** The template, or NULL. Finding does not count as use. */
struct nfm_template *nfm_store_find(const struct nfm_store *store,
				    const struct nfm_template_name *name);

/** Data came that it decodes: it is the last to be forgotten. */
void nfm_store_use(struct nfm_store *store, struct nfm_template *template, uint64_t now_ns);

/** It was announced again, unchanged. That is no use: it does not grow younger. */
void nfm_store_see(struct nfm_store *store, struct nfm_template *template, uint64_t now_unix_ns);

/**
 * Takes the template over (on 0), in the place of one of its name, as the last to be forgotten.
 * -ENOSPC: larger than all room; -ENOMEM. On an error the one of its name is forgotten all the
 * same, as it does not hold any more.
 */
int nfm_store_put(struct nfm_store *store, struct nfm_template *template);

/** Forgets one template; one that is not there is no error (RFC 7011 section 8.1). */
void nfm_store_withdraw(struct nfm_store *store, const struct nfm_template_name *name);

/** Forgets all templates (or all options templates) of a stream; name->id is not looked at. */
void nfm_store_withdraw_all(struct nfm_store *store, const struct nfm_template_name *stream,
			    bool options);

/**
 * 0; -ENOSPC and -ENOMEM as above. A sampler that says the same again changes nothing, but is the
 * last to be forgotten.
 */
int nfm_store_put_sampler(struct nfm_store *store, const struct nfm_sampler *sampler);

/** Forgets one sampler; one that is not there is no error. */
void nfm_store_withdraw_sampler(struct nfm_store *store, const struct nfm_template_name *stream,
				uint64_t id);

/** Forgets everything; nobody hears of it. */
void nfm_store_clear(struct nfm_store *store);

/**
 * The stream's sampling for a sampler's id; for NFM_SAMPLER_ANY what was announced for all, else
 * that of its only sampler (several: {1, 1}). An id that is not known gets what NFM_SAMPLER_ANY
 * would. {1, 1} if nothing was announced.
 */
struct nfm_sampling nfm_store_sampling(const struct nfm_store *store,
				       const struct nfm_template_name *stream, uint64_t id);

/** What was announced for just this id (NFM_SAMPLER_ANY: for all), or NULL. */
const struct nfm_sampler *nfm_store_find_sampler(const struct nfm_store *store,
						 const struct nfm_template_name *stream,
						 uint64_t id);

/** Some sampler of the stream, or NULL; *count gets how many it has. */
const struct nfm_sampler *nfm_store_any_sampler(const struct nfm_store *store,
						const struct nfm_template_name *stream,
						uint32_t *count);

/** Whether some sampler of the stream announced another rate than 1. */
bool nfm_store_is_sampled(const struct nfm_store *store, const struct nfm_template_name *stream);

/**
 * Every template, then every sampler, as SET and SAMPLER changes, those first that would be
 * forgotten first. The store must not be changed meanwhile.
 */
void nfm_store_each(const struct nfm_store *store, nfm_store_fn fn, void *cookie);

struct nfm_store_count {
	uint32_t templates;
	uint32_t samplers;
	uint64_t bytes;
	uint64_t forgotten; /* for want of room, since the store was made */
};
void nfm_store_count(const struct nfm_store *store, struct nfm_store_count *out);

#endif
