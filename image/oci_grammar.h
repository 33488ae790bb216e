/*
 * oci_grammar.h - the texts that the OCI image specification gives a form: media types, times,
 * ports, URIs, reference names, base64.
 *
 * Pure. Private to image/.
 */
#ifndef IMAGE_OCI_GRAMMAR_H
#define IMAGE_OCI_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 6838, section 4.2. */
bool media_type_valid(const char *s);

/* RFC 3339, section 5.6, date-time; days of the month and leap years included. */
bool date_time_valid(const char *s);

/* config.md: "port", "port/tcp" or "port/udp" (docker also knows sctp). */
bool port_valid(const char *s);

/* RFC 3986: a scheme, and nothing that would have to be percent-encoded. */
bool uri_valid(const char *s);

/* annotations.md: the characters of org.opencontainers.image.ref.name. */
bool ref_name_valid(const char *s);

/* "v8", "v8.2": of the architectures whose variants are numbered. */
bool variant_valid(const char *s);

/* RFC 4648, section 4: with padding, without line breaks. The bytes of s (the caller frees) and how
 * many; NULL when it is none. */
unsigned char *base64_decode(const char *s, size_t *ret_len);

/* GOOS and GOARCH as Go knows them. */
bool goos_known(const char *s);
bool goarch_known(const char *s);

#endif
