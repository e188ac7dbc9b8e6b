/* SPDX-License-Identifier: ISC */
/*
 * How many streams each address has, in a balanced tree, which compares texts.
 * The text is what the front says in REMOTE_ADDR, but of an IPv6 address only
 * the network's: a browser has 2^64 addresses to choose from.
 */
#include "stream/address.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX                                                    \
	63 /* characters; any IPv6 address with its zone is shorter \
	    */

static int
compare(const struct address *a, const struct address *b)
{
	return strcmp(a->text, b->text);
}

RB_PROTOTYPE(address_tree, address, by_text, compare)
RB_GENERATE(address_tree, address, by_text, compare)

/* Where an IPv4 address is behind this: mapped (RFC 4291), translated (6052).
 */
static const uint8_t around_ipv4[][12] = {
    {[10] = 0xff, [11] = 0xff}, /* ::ffff:0:0/96 */
    {0x00, 0x64, 0xff, 0x9b},	/* 64:ff9b::/96 */
};

/*
 * What counts as one address; buf has room for it.  On a link, whose first 64
 * bits all have, and for whatever else we do not know, it is the text.
 */
static const char *
user_of(const char *text, char *buf, size_t size)
{
	char net[INET6_ADDRSTRLEN];
	struct in6_addr six;
	size_t i;

	if (inet_pton(AF_INET6, text, &six) != 1 || IN6_IS_ADDR_LINKLOCAL(&six))
		return text;
	for (i = 0; i < sizeof(around_ipv4) / sizeof(around_ipv4[0]); i++)
		if (memcmp(&six, around_ipv4[i], 12) == 0)
			return inet_ntop(AF_INET, six.s6_addr + 12, buf,
			    (socklen_t)size);
	memset(six.s6_addr + 8, 0, 8);
	(void)inet_ntop(AF_INET6, &six, net, sizeof(net));
	(void)snprintf(buf, size, "%s/64", net);
	return buf;
}

struct address *
address_enter(struct addresses *all, const char *text)
{
	struct address *a, *found;
	char buf[INET6_ADDRSTRLEN + sizeof("/64")];
	size_t len;

	text = text == NULL ? "-" : user_of(text, buf, sizeof(buf));
	len = strnlen(text, TEXT_MAX);
	a = calloc(1, sizeof(*a) + len + 1);
	if (a == NULL)
		return NULL;
	memcpy(a->text, text, len);
	found = RB_INSERT(address_tree, &all->tree, a);
	if (found != NULL) /* it was there */
		free(a);
	else
		found = a;
	found->streams++;
	return found;
}

void
address_leave(struct addresses *all, struct address *a)
{
	if (a == NULL)
		return;
	assert(a->streams > 0);
	if (--a->streams > 0)
		return;
	(void)RB_REMOVE(address_tree, &all->tree, a);
	free(a);
}
