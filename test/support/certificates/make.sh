#!/bin/sh
# Makes the certificates that tests use: `sh make.sh`, with openssl 3. They are valid from 2020 to 2126 and trusted
# by nobody; their keys are public. The keys of the CAs are thrown away: to change one, all are made again.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/index"
cat >"$work/conf" <<END
[ca]
default_ca=default
[default]
database=$work/index
new_certs_dir=$work
rand_serial=yes
unique_subject=no
default_md=sha256
policy=policy
[policy]
commonName=supplied
END

# sign NAME SIGNER END EXTENSION...: a new key and its certificate; by itself when it is its own signer.
sign() {
  name=$1 signer=$2 end=$3
  shift 3
  { cat "$work/conf" && echo '[extensions]' && printf '%s\n' "$@"; } >"$work/one"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=doozer test $name" \
    -keyout "$name-key.pem" -out "$work/csr" 2>/dev/null
  if [ "$name" = "$signer" ]; then by='-selfsign'; else by="-cert $signer.pem"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -config "$work/one" -extensions extensions -in "$work/csr" $by -keyfile "$signer-key.pem" \
    -startdate 20200101000000Z -enddate "$end" -notext -out "$name.pem" 2>/dev/null
}

far=21260101000000Z
authority='basicConstraints=critical,CA:TRUE'
both='extendedKeyUsage=serverAuth,clientAuth'
guest='extendedKeyUsage=clientAuth'
here='subjectAltName=IP:127.0.0.1,DNS:localhost'

sign ca ca $far "$authority"
sign ca2 ca2 $far "$authority"
sign between ca $far "$authority"
cat ca.pem ca2.pem >both-cas.pem

sign node ca $far "$both" "$here"
sign node-b ca $far "$both" "$here"
sign node2 ca2 $far "$both" "$here"
sign elsewhere ca $far "$both" 'subjectAltName=IP:192.0.2.1,DNS:elsewhere.example'
sign expired ca 20210101000000Z "$both" "$here"
sign chained between $far "$both" "$here"
cat between.pem >>chained.pem
sign client ca $far "$guest" "$here"
sign client2 ca2 $far "$guest" "$here"
sign alone alone $far "$here"

rm -f ca-key.pem ca2-key.pem between.pem between-key.pem
