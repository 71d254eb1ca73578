#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# replay.sh TARGET: gives the target's seeds, and the public captures where they are, to its
# sanitized build.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=$1
captures=${CAPTURES:-../shared/captures}
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
replay=${NFM_BUILD:-build}/asan/tests/fuzz/replay_$target
"$replay" "tests/fuzz/corpus/$target"
echo "ok corpus"
if [ ! -d "$captures" ]; then
	echo "skip captures: not at ../shared/captures"
	exit 0
fi
tests/fuzz/capture-seeds "$captures" "$seeds"
"$replay" "$seeds"
echo "ok captures"
