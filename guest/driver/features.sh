#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Prints features.gen.h for the kernel that the given compiler command fits:
#
#   features.sh FOLDER-OF-SNIPPETS LOG COMPILER [FLAG...]
#
# A feature is there if its snippet compiles with the kernel's own flags;
# version numbers decide nothing. What did not compile, and why, is in LOG.
set -u

snippets=$1
log=$2
shift 2

# What current kernels have, and what they are not expected to have.
expected='prepare mapped vfs-mmap compat-desc action kernel-pages simple-ioremap override hide desc-flags'
unexpected='success-hook'

: >"$log"

compile() {
	command=$1
	shift
	for name in "$@"; do
		printf '#include "%s/%s.c"\n' "$snippets" "$name"
	done | eval "$command" >>"$log" 2>&1
}

# The flags may hold blanks and quotes: quote each for eval, once.
command=
for word in "$@"; do
	command="$command '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
done
command="$command '-DKBUILD_MODNAME=\"mmapvet\"' '-DKBUILD_BASENAME=\"features\"' -Werror=implicit-function-declaration -Werror=incompatible-pointer-types -fsyntax-only -x c -"

define() {
	for name in "$@"; do
		printf '#define MMAPVET_HAVE_%s 1\n' "$(printf %s "$name" | tr a-z- A-Z_)"
	done
}

echo '/* Made by features.sh: what the kernel that this was built against has. */'

# shellcheck disable=SC2086
if compile "$command" base $expected; then
	define $expected
elif compile "$command" base; then
	for name in $expected; do
		if compile "$command" "$name"; then
			define "$name"
		fi
	done
else
	cat "$log" >&2
	echo "mmapvet: not even the kernel's own headers compile, is this a prepared kernel tree?" >&2
	exit 1
fi

for name in $unexpected; do
	if compile "$command" "$name"; then
		define "$name"
	fi
done
