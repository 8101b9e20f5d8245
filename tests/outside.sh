#!/bin/sh
# Install the system's programs that the tests use, where that is allowed.
# Prints, loudly, what is missing: the tests that need it are skipped and say so.
set -u

missing=""
for need in chromium:chromium chromedriver:chromium-driver curl:curl wget:wget \
            aria2c:aria2 systemd-socket-activate:systemd setpriv:util-linux \
            unshare:util-linux strace:strace pg_ctlcluster:postgresql \
            etcd:etcd-server; do
    command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need##*:}"
done
[ -z "$missing" ] && exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
    # Tests start their own servers: none that is installed here is to run by itself.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap '$as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
    fi
    $as_root apt-get update -qq >/dev/null 2>&1
    for package in $missing; do
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "NOT TESTED: what needs $package, which could not be installed" >&2
        case $package in
            postgresql | etcd-server)
                $as_root systemctl --quiet disable "${package%-server}" >/dev/null 2>&1 ;;
        esac
    done
else
    echo "NOT TESTED: what needs$missing, which only root can install here" >&2
fi
exit 0
