// doozer-uri(7): what `src/naming` reads.
import { body, page, seeAlso } from './roff.ts';

const syntax = `  doozer:?ca=HOST:PORT&ca=HOST:PORT&cn=NAME&sk=SECRET

What follows "doozer:?" is read like the query of an HTTP address: pairs with "&" or ";" between them, percent and
plus decoding. Keys that are not listed here are passed over.`;

const keys = `  ca  the address of a node, HOST or HOST:PORT; port 8046 where none is given; an IPv6 address stands in brackets.
      May be repeated: all of them are tried, and one that answers is enough, since the others are learnt from it
  cn  the name of a cluster. With a boot cluster ("-b", DOOZER_BOOT_URI) it is looked up there, and the addresses that
      are announced are used instead of those of "ca". Without one it has no meaning, and there must be a "ca"
  sk  a secret of the cluster, shown to each node right after connecting
  un  in use nowhere; accepted
  tlsca, tlscert, tlskey
      with "doozers:?" in place of "doozer:?", which means TLS: PEM files with the CAs to trust
      (else the public ones), a certificate to show, and its key`;

const lookUp = `Every node announces its address in the file /ctl/ns/NAME/ID, in its own cluster and, if it has one, in the
boot cluster. To look up a name is to read all files in /ctl/ns/NAME there.`;

const secrets = `A URI with a secret in the environment or in a file is seen by fewer people than one on a command line.`;

const examples = `  doozer -a 'doozer:?ca=10.0.0.1:8046&ca=10.0.0.2:8046' rev
  DOOZER_URI='doozer:?ca=[::1]:8046' doozer rev
  doozer -b 'doozer:?ca=boot.example.org' -a 'doozer:?cn=prod' rev`;

export const uriPage = (version: string): string =>
  page({ name: 'doozer-uri', section: 7, summary: 'where a doozer cluster is', version }, [
    ['SYNOPSIS', body(syntax)],
    ['KEYS', body(keys)],
    ['NAMES', body(lookUp)],
    ['SECRETS', body(secrets)],
    ['EXAMPLES', body(examples)],
    seeAlso('doozer(1)', 'doozerd(8)'),
  ]);
