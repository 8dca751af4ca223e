/*
 * manifest_impl: how the room reads. A table (struct key) says for each kind of map which keys it
 * has, who reads each value and where it goes; read_map walks a YAML map along a table. Values are
 * checked where they are read; check.c knows what is well formed. Mistakes are listed in r->e and
 * counted.
 */
#ifndef MANIFEST_IMPL_H
#define MANIFEST_IMPL_H

#include "format/yaml.h"
#include "manifest/manifest.h"

struct reader {
	struct arena *a;
	const char *file;
	struct err *e;
	size_t mistakes;
	struct str key; /* the key whose value is being read, for messages */
};

/* Reads value v (the key is r->key) into field. */
typedef void (*read_fn)(struct reader *r, const struct yaml_node *v, void *field);

struct key {
	const char *name;
	read_fn read;	   /* NULL: a known name that this version does not support */
	size_t offset;	   /* of the field in the map's struct */
	const char *kinds; /* what the schema says it may be: "string", "array", "object", ... */
};

/* The tables, by the name that the schema gives each ("manifest", "package", ...). */
struct key_table {
	const char *name;
	const struct key *keys;
	size_t n;
};
extern const struct key_table manifest_tables[];
extern const size_t manifest_table_count;

/* One more mistake at node n, with its remedy. */
void mistake(struct reader *r, const struct yaml_node *n, const char *fix, const char *fmt, ...)
    ATTR_PRINTF(4, 5);
/* Reads map n (nothing counts as an empty one) along the table of that name into out. */
void read_map(struct reader *r, const struct yaml_node *n, const char *table, void *out);

/* Values; each mistake is listed. Lists take one text for a list of one. */
bool want_map(struct reader *r, const struct yaml_node *v);
bool want_text(struct reader *r, const struct yaml_node *v);
/* A decimal number from least to most; 0 with a mistake and its remedy otherwise. */
uint32_t want_number(struct reader *r, const struct yaml_node *v, uint64_t least, uint64_t most,
		     const char *fix);
/* A path below the module's root, cleaned; "." is the root itself. */
bool want_local_path(struct reader *r, const struct yaml_node *v, struct str text, struct str *out);
struct pos node_pos(const struct yaml_node *n);
void read_module(struct reader *r, const struct yaml_node *v, void *manifest);
void read_version(struct reader *r, const struct yaml_node *v, void *str);
void read_require(struct reader *r, const struct yaml_node *v, void *manifest);
void read_replace(struct reader *r, const struct yaml_node *v, void *manifest);
void read_retract(struct reader *r, const struct yaml_node *v, void *manifest);
void read_exclude(struct reader *r, const struct yaml_node *v, void *manifest);
void read_port_modules(struct reader *r, const struct yaml_node *v, void *manifest);
void read_targets(struct reader *r, const struct yaml_node *v, void *manifest);
void read_std(struct reader *r, const struct yaml_node *v, void *str);
void read_defines(struct reader *r, const struct yaml_node *v, void *define_vec);
void read_cflags(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_ldflags(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_libs(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_globs(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_folders(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_names(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_name(struct reader *r, const struct yaml_node *v, void *str);
void read_os(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_arch(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_lto(struct reader *r, const struct yaml_node *v, void *str);
void read_strip(struct reader *r, const struct yaml_node *v, void *profile);
void read_bool(struct reader *r, const struct yaml_node *v, void *boolean);
void read_licence(struct reader *r, const struct yaml_node *v, void *str);
void read_contains(struct reader *r, const struct yaml_node *v, void *define_vec);
void read_git(struct reader *r, const struct yaml_node *v, void *str);
void read_tag(struct reader *r, const struct yaml_node *v, void *str);
void read_revision(struct reader *r, const struct yaml_node *v, void *manifest);
void read_patches(struct reader *r, const struct yaml_node *v, void *manifest);
void read_patch_file(struct reader *r, const struct yaml_node *v, void *patch);
void read_patch_strip(struct reader *r, const struct yaml_node *v, void *patch);
void read_bounds(struct reader *r, const struct yaml_node *v, void *patch);
/* The remedy for text with other than the known {placeholders}; letters, when it has bytes other than letters,
 * digits and those of also; or NULL. */
const char *placeholder_remedy(struct str s, const char *also, const char *letters);

/* source: archives (source.c) */
void read_urls(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_sha256(struct reader *r, const struct yaml_node *v, void *str);
void read_parts(struct reader *r, const struct yaml_node *v, void *archive_spec);
void read_archive_versions(struct reader *r, const struct yaml_node *v, void *source_spec);
/* What is only known when the whole of source: was read. */
void finish_source(struct reader *r, const struct yaml_node *v, struct source_spec *s);

/* options:, and conditions on them (options.c) */
void read_options(struct reader *r, const struct yaml_node *v, void *manifest);
void read_choices(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_line(struct reader *r, const struct yaml_node *v, void *str);
void read_option_condition(struct reader *r, const struct yaml_node *v, void *condition);
/* Conditions name options that there are. */
void finish_options(struct reader *r, const struct manifest *m);
bool condition_is_empty(const struct condition *c);

/* generate:, embed:, foreign: (make.c) */
void read_generate(struct reader *r, const struct yaml_node *v, void *manifest);
void read_embed(struct reader *r, const struct yaml_node *v, void *manifest);
void read_run(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_made(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_system(struct reader *r, const struct yaml_node *v, void *str);
void read_folder(struct reader *r, const struct yaml_node *v, void *str);
void read_programs(struct reader *r, const struct yaml_node *v, void *str_vec);
/* foreign: of the module is a package of its own. */
void read_module_foreign(struct reader *r, const struct yaml_node *v, void *manifest);
void read_foreign(struct reader *r, const struct yaml_node *v, void *package);
/* What is only known when the whole manifest was read. */
void finish_foreign(struct reader *r, struct manifest *m);

/* image: */
void read_user(struct reader *r, const struct yaml_node *v, void *number);
void read_entrypoint(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_words(struct reader *r, const struct yaml_node *v, void *str_vec);
/* A program and its arguments: one text is the program alone. */
void read_argv(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_env(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_ports(struct reader *r, const struct yaml_node *v, void *image);
void read_abs(struct reader *r, const struct yaml_node *v, void *str);
void read_abs_list(struct reader *r, const struct yaml_node *v, void *str_vec);
void read_labels(struct reader *r, const struct yaml_node *v, void *define_vec);
void read_files(struct reader *r, const struct yaml_node *v, void *define_vec);

/* deploy: */
void read_keep(struct reader *r, const struct yaml_node *v, void *number);
void read_health_cmd(struct reader *r, const struct yaml_node *v, void *health);
void read_health_tcp(struct reader *r, const struct yaml_node *v, void *health);
void read_health_http(struct reader *r, const struct yaml_node *v, void *health);
void read_duration(struct reader *r, const struct yaml_node *v, void *ms);
void read_tries(struct reader *r, const struct yaml_node *v, void *number);
void read_proof(struct reader *r, const struct yaml_node *v, void *proof);
void read_signal(struct reader *r, const struct yaml_node *v, void *str);

/* config: */
void read_configs(struct reader *r, const struct yaml_node *v, void *manifest);
void read_from(struct reader *r, const struct yaml_node *v, void *config);
void read_values(struct reader *r, const struct yaml_node *v, void *define_vec);
void read_checks(struct reader *r, const struct yaml_node *v, void *config);
void read_config_when(struct reader *r, const struct yaml_node *v, void *config);
void read_headers(struct reader *r, const struct yaml_node *v, void *str_vec);
/* What check->kind and subject are: the key's name says which kind. */
void read_subject(struct reader *r, const struct yaml_node *v, void *check);

/* A decimal number from least to most; 0 with a mistake and its remedy otherwise. */
uint32_t want_number(struct reader *r, const struct yaml_node *v, uint64_t least, uint64_t most,
		     const char *fix);
/* Calls each(r, item, out) for the texts of a list, or for one text alone; others are mistakes. */
typedef void (*each_fn)(struct reader *r, const struct yaml_node *item, void *out);
void read_each(struct reader *r, const struct yaml_node *v, each_fn each, void *out);
/* Keeps text as it stands; a mistake when it is empty or holds a line end. */
bool keep_word(struct reader *r, const struct yaml_node *v, struct str_vec *out);

/* What is well formed; the remedy for what is not, or NULL. */
const char *module_path_remedy(struct str s);
const char *version_remedy(struct str s);
/* "PATH" or "PATH@VERSION"; the remedy for one that is malformed. */
const char *replaced_remedy(struct str s, struct str *path, struct str *version);
bool is_identifier(struct str s);
/* Letters, digits and the bytes of also; not empty, no '-' in front. */
bool is_name(struct str s, const char *also);
bool is_known(struct str s, const char *const *names);
/* Text that is one of names. */
void read_known(struct reader *r, const struct yaml_node *v, const char *const *names,
		struct str *out);
/* The names in a line, for remedies, in arena a. */
const char *join_names(struct arena *a, const char *const *names);

#endif
