#!/bin/sh
# HEALTHCHECK of the image. Where `porthole run` has its socket, `porthole health` judges. Else (`open`, `forward`): 0 if
# a deno process here is neither stopped nor dead and holds a TCP or UDP socket, which tells that it lives and talks.

for socket in "${PORTHOLE_SOCKET:-}" /run/porthole/porthole.sock "/tmp/porthole-$(id -u)/porthole.sock"; do
  if [ -S "$socket" ]; then exec deno run -A --cached-only /app/main.ts health --socket "$socket"; fi
done

# Whether the kernel lists the socket with this inode among those of TCP and UDP (deno has others of its own).
is_internet_socket() {
  cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null |
    awk -v inode="$1" '$10 == inode { found = 1 } END { exit !found }'
}

for process in /proc/[0-9]*; do
  case $(readlink "$process/exe" 2>/dev/null) in */deno) ;; *) continue ;; esac
  case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "$process/status" 2>/dev/null) in T | t | Z | X) continue ;; esac
  for descriptor in "$process"/fd/*; do
    link=$(readlink "$descriptor" 2>/dev/null) || continue
    case $link in socket:*) ;; *) continue ;; esac
    inode=${link#socket:[}
    if is_internet_socket "${inode%]}"; then exit 0; fi
  done
done
echo "no living porthole with an open TCP or UDP socket"
exit 1
