#!/usr/bin/env bash
# Writes images/target/base.tar, the base of both images, as a docker archive: a few Debian packages from the apt sources
# of this machine, and a Java runtime linked from this machine's JDK. No shell, no package manager, user 65532.
# Packages stay in images/target/packages, so that a second call needs no network; delete the folder to get newer ones.
set -euo pipefail

packages=(base-files ca-certificates libc6 libgcc-s1 libgomp1 libstdc++6 tzdata zlib1g)
# java.desktop decodes images; the rest is what the class paths of operator and trainer refer to.
modules=java.base,java.compiler,java.desktop,java.logging,java.management,java.naming,java.net.http,java.security.jgss,java.sql,java.xml,jdk.charsets,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs
user=65532
needed=25
# Two builds of one release are equal byte for byte.
time="${SOURCE_DATE_EPOCH:-1767225600}"

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
target="$here/target"
jdk="${JAVA_HOME:?set JAVA_HOME to a JDK $needed}"

fail() {
  printf 'base.sh: %s\n' "$*" >&2
  exit 1
}

for tool in apt-get dpkg-deb tar sha256sum awk; do
  command -v "$tool" >/dev/null || fail "needs $tool: build the images on Debian or Ubuntu, or in a container of it"
done
[ "$(dpkg --print-architecture)" = amd64 ] || fail "builds images for amd64 only; this machine is $(dpkg --print-architecture)"
[ -x "$jdk/bin/jlink" ] || fail "$jdk has no bin/jlink: set JAVA_HOME to a JDK $needed"
version="$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$jdk/release")"
[ "${version%%.*}" -ge "$needed" ] || fail "$jdk is Java $version: set JAVA_HOME to a JDK $needed"

# Nothing to do when script and JDK are those of the last time.
inputs="$(sha256sum <"$here/base.sh" | cut -c1-64) $version $time"
if [ -f "$target/base.tar" ] && [ "$(cat "$target/base.inputs" 2>/dev/null)" = "$inputs" ] && [ -d "$target/packages" ]; then
  exit 0
fi

mkdir -p "$target/packages"
rm -rf "$target/root" "$target/archive" "$target/base.tar"
mkdir -p "$target/archive"

for package in "${packages[@]}"; do
  compgen -G "$target/packages/${package}_*.deb" >/dev/null && continue
  (cd "$target/packages" && apt-get -qq -o APT::Sandbox::User=root download "$package") \
    || fail "apt-get download $package failed; run apt-get update, or put the .deb into $target/packages"
done

# The layout of merged /usr, so that packages of older and newer releases land in one place.
root="$target/root"
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
for archive in "$target"/packages/*.deb; do
  dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink --no-same-owner -C "$root"
  # Where scanners of images look for what is installed.
  dpkg-deb --field "$archive" >"$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$archive" Package)"
done
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root"/usr/share/{doc/*/*.gz,man,lintian,bug,locale} "$root"/usr/sbin/* "$root"/usr/bin/* "$root"/usr/lib/apt "$root"/etc/{apt,cron*,ca-certificates,update-motd.d}
printf 'root:x:0:0::/root:/sbin/nologin\nvlfinetune:x:%s:%s::/home/vlfinetune:/sbin/nologin\n' $user $user >"$root/etc/passwd"
printf 'root:x:0:\nvlfinetune:x:%s:\n' $user >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
mkdir -p "$root"/{dev,proc,sys,tmp,home/vlfinetune,var/lib/vlfinetune}
chmod 1777 "$root/tmp" "$root/var/tmp"

"$jdk/bin/jlink" --add-modules "$modules" --no-header-files --no-man-pages --compress zip-0 --vm server \
  --generate-cds-archive --output "$root/opt/java"
# jlink's archives of loaded classes fit objects with the usual headers; the operator uses the compact ones.
"$root/opt/java/bin/java" -XX:+UseCompactObjectHeaders -Xshare:dump -Xlog:disable >/dev/null

tree() { tar -C "$1" --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --format=gnu -cf - "${@:2}"; }

# Layers: what Debian brings, and Java. Each has its own reasons to change.
tree "$root" --exclude=./opt/java . >"$target/archive/debian.tar"
tree "$root" ./opt/java >"$target/archive/java.tar"
digest() { sha256sum "$target/archive/$1" | cut -d' ' -f1; }
created="$(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ)"
cat >"$target/archive/config.json" <<JSON
{"architecture":"amd64","os":"linux","created":"$created",
 "config":{"User":"$user:$user","WorkingDir":"/","Env":["PATH=/opt/java/bin","JAVA_HOME=/opt/java","LANG=C.UTF-8","SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"]},
 "rootfs":{"type":"layers","diff_ids":["sha256:$(digest debian.tar)","sha256:$(digest java.tar)"]},
 "history":[{"created":"$created","comment":"Debian packages"},{"created":"$created","comment":"Java $version"}]}
JSON
printf '[{"Config":"config.json","RepoTags":["vlfinetune/base:latest"],"Layers":["debian.tar","java.tar"]}]\n' >"$target/archive/manifest.json"
tree "$target/archive" manifest.json config.json debian.tar java.tar >"$target/base.tar.part"
rm -rf "$target/archive"
mv "$target/base.tar.part" "$target/base.tar"
printf '%s' "$inputs" >"$target/base.inputs"
