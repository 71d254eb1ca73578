// SPDX-License-Identifier: GPL-2.0-only
/* replay FILE|FOLDER…: gives each file to the fuzz target it is linked with, without a fuzzer. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

static uint32_t replayed;

static int replay_file(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "rbe");
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;
	size_t size;

	if (!file || fstat(fileno(file), &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = (size_t)st.st_size;
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, size);
	replayed++;
	return 0;
}

static int replay_folder(const char *path, DIR *folder)
{
	const struct dirent *entry;
	char name[4096];

	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (replay_file(name))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_closedir_ DIR *folder = opendir(argv[i]);

		if (folder ? replay_folder(argv[i], folder) : replay_file(argv[i]))
			return 1;
	}
	printf("%u files\n", replayed);
	return replayed ? 0 : 1;
}
