#!/bin/sh
# Install the system programs that are named, each as PROGRAM:PACKAGE, where that is
# allowed. What cannot be had is left out, and is reported on standard error.
set -u

missing=""
PATH="$PATH:/usr/sbin:/sbin"
for need in "$@"; do
    command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need##*:}"
done
[ -z "$missing" ] && exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if ! command -v apt-get >/dev/null 2>&1 || ! $as_root true 2>/dev/null; then
    echo "what needs$missing, which only root can install here" >&2
    exit 0
fi

# No server is to listen from now on only because it was installed here.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

$as_root apt-get update -qq >/dev/null 2>&1
for package in $missing; do
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        echo "what needs $package, which could not be installed" >&2
    case $package in
        postgresql | etcd-server)
            $as_root systemctl --quiet disable "${package%-server}" >/dev/null 2>&1 ;;
    esac
done
exit 0
