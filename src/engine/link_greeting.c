/* SPDX-License-Identifier: ISC */
/*
 * Before a connection is up: AUTH, SELECT, PING and ROLE in one write.  PING is
 * what a server refuses that is loading or has lost its master; ROLE is
 * answered even then.  An account need not have either: who may not ask takes
 * it that this is a master, and finds out by READONLY if not.
 */
#include <stdio.h>
#include <string.h>

#include "engine/account.h"
#include "engine/link_inner.h"

enum { GREETING_AUTH, GREETING_SELECT, GREETING_PING, GREETING_ROLE };

/* An error that says that this server is of no use, for now or at all. */
static const struct verdict {
	const char *word, *says;
	bool unfit;  /* another of the list is tried first */
	bool leader; /* nor is it of use to the leader */
} verdicts[] = {
    {"MOVED", "says that the key is elsewhere", false, true},
    {"ASK", "is giving the key to another", false, false},
    {"TRYAGAIN", "is giving the key to another", false, false},
    {"CLUSTERDOWN", "says that its cluster is down", true, true},
    {"READONLY", "is a replica", true, true},
    {"MASTERDOWN", "is a replica without its master", true, true},
    {"UNBLOCKED", "has become a replica, it seems", false, false},
    {"LOADING", "is loading its data", true, false},
    {"NOAUTH", "wants a password (--redis-password-file)", true, false},
    {"WRONGPASS", "refuses the account or its password", true, false},
};

/* MOVED 3999 127.0.0.1:6381 */
static void
follow(struct finder *finder, const struct resp_value *v)
{
	const char *where = strrchr(v->text, ' ');

	if (finder != NULL && where != NULL)
		finder_moved(finder, where + 1);
}

/* Where we follow it to it should not be either. */
static void
tell_leader(struct link *l)
{
	if (l->leader == NULL || l->leader->state != LINK_UP)
		return;
	link_again(l->leader, l->why);
	l->leader->unfit = l->unfit;
}

static void
condemn(struct link *l, const struct verdict *verdict,
    const struct resp_value *v)
{
	char text[200];
	bool moved = strcmp(verdict->word, "MOVED") == 0;

	if (moved)
		follow(l->leader != NULL ? l->leader->finder : l->finder, v);
	link_fails(l, "%s: %s", verdict->says,
	    resp_quote(text, sizeof(text), v));
	l->unfit = verdict->unfit;
	if (verdict->leader)
		tell_leader(l);
}

/* Which of these an error is, or NULL. */
static const struct verdict *
find_verdict(const struct resp_value *v)
{
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (resp_error_is(v, verdicts[i].word))
			return &verdicts[i];
	return NULL;
}

void
link_judge(struct link *l, const struct resp_value *v)
{
	const struct verdict *verdict = find_verdict(v);

	if (verdict != NULL && l->state == LINK_UP)
		condemn(l, verdict, v);
}

static void
greet_with(struct link *l, int tag, const char *const argv[])
{
	size_t len[2], n = 0;

	for (; argv[n] != NULL; n++)
		len[n] = strlen(argv[n]);
	(void)link_put(l, tag, LINK_PATIENCE, n, argv, len);
}

void
link_greet(struct link *l)
{
	struct account account;
	char why[200], db[24];

	if (account_read(&account, l->set, why, sizeof(why)) == -1) {
		link_again(l, why);
		return;
	}
	if (account.n > 0)
		(void)link_put(l, GREETING_AUTH, LINK_PATIENCE, account.n,
		    account.argv, account.len);
	account_forget(&account);
	if (l->set->db > 0) {
		(void)snprintf(db, sizeof(db), "%lu", l->set->db);
		greet_with(l, GREETING_SELECT,
		    (const char *[]){"SELECT", db, NULL});
	}
	greet_with(l, GREETING_PING, (const char *[]){"PING", NULL});
	greet_with(l, GREETING_ROLE, (const char *[]){"ROLE", NULL});
}

/* What ROLE has said: NULL, or what is wrong with it. */
static const char *
wrong_role(const struct resp_value *v)
{
	const struct resp_value *role;

	if (v->type == RESP_ERROR)
		return NULL;
	role = v->type == RESP_ARRAY ? resp_element(v, 0) : NULL;
	if (role == NULL || role->type != RESP_STRING)
		return "does not say what its role is: is it Redis?";
	if (resp_is(role, RESP_STRING, "master"))
		return NULL;
	if (resp_is(role, RESP_STRING, "slave"))
		return "is a replica";
	if (resp_is(role, RESP_STRING, "sentinel"))
		return "is a Sentinel (--redis-sentinel)";
	return "is no master";
}

/* PING and ROLE may be forbidden, or have another name. */
static bool
may_not_ask(int tag, const struct resp_value *v)
{
	return (tag == GREETING_PING || tag == GREETING_ROLE) &&
	       (resp_error_is(v, "NOPERM") ||
		   strncmp(v->text, "ERR unknown command", 19) == 0);
}

static void
is_unfit(struct link *l, const char *why)
{
	link_fails(l, "%s", why);
	l->unfit = true;
	tell_leader(l);
}

void
link_greeted(struct link *l, int tag, const struct resp_value *v)
{
	const struct verdict *verdict = find_verdict(v);
	char text[200];

	if (verdict != NULL)
		condemn(l, verdict, v);
	else if (v->type == RESP_ERROR && tag == GREETING_AUTH)
		/* Its words may be the password's. */
		link_fails(l, "refuses AUTH: has it that account?");
	else if (v->type == RESP_ERROR && !may_not_ask(tag, v))
		link_fails(l, "says: %s", resp_quote(text, sizeof(text), v));
	else if (tag == GREETING_ROLE && wrong_role(v) != NULL)
		is_unfit(l, wrong_role(v));
	else if (tag == GREETING_ROLE)
		link_is_up(l);
	else if (v->type != RESP_STATUS && v->type != RESP_ERROR)
		link_fails(l, "answers %s wrongly: is it Redis?",
		    tag == GREETING_AUTH   ? "AUTH" :
		    tag == GREETING_SELECT ? "SELECT" :
					     "PING");
}
