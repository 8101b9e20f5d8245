#!/bin/sh
# Install the system's programs that the tests use, where that is allowed.
# Prints, loudly, what is missing: the tests that need it are skipped and say so.
sh local_servers/install_programs.sh \
    chromium:chromium chromedriver:chromium-driver curl:curl wget:wget \
    aria2c:aria2 systemd-socket-activate:systemd setpriv:util-linux \
    unshare:util-linux strace:strace pg_ctlcluster:postgresql etcd:etcd-server \
    nghttp:nghttp2-client certutil:libnss3-tools openssl:openssl \
    nginx:nginx haproxy:haproxy caddy:caddy \
    buildah:buildah /usr/lib/podman/netavark:netavark \
    pebble:pebble certbot:certbot lego:lego wrk:wrk node:nodejs \
    2>&1 | sed "s/^/NOT TESTED: /" >&2
