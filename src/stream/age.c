/* SPDX-License-Identifier: ISC */
/*
 * How long streams may last.  Like the clock this is a wheel: a stream sits in
 * the slot at which its time is up, so that nobody is looked at before.
 */
#include "stream/age.h"

void
ages_turn(struct ages *as)
{
	struct age *a;
	unsigned i;

	/* After a stall of more than a turn each slot is looked at once. */
	for (i = 0; i < as->slots && *as->now - as->turned >= as->tick; i++) {
		as->turned += as->tick;
		as->hand = (as->hand + 1) % as->slots;
		TAILQ_FOREACH (a, &as->slot[as->hand], link) {
			as->over(a);
		}
	}
	if (i == as->slots)
		as->turned = *as->now;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	ages_turn(w->data);
}

void
ages_init(struct ages *as, struct ev_loop *loop, const double *now, double max,
    void (*over)(struct age *))
{
	double slots = max / AGE_TICK_MIN;
	unsigned i;

	*as = (struct ages){
	    .loop = loop,
	    .now = now,
	    .slots = slots > AGE_SLOTS_MAX ? AGE_SLOTS_MAX :
		     slots < 4		   ? 4 :
					     (unsigned)slots,
	    .over = over,
	};
	as->tick = max / as->slots;
	for (i = 0; i < as->slots; i++)
		TAILQ_INIT(&as->slot[i]);
	ev_init(&as->timer, on_timer);
	as->timer.data = as;
}

void
age_begin(struct ages *as, struct age *a, double chance)
{
	unsigned quarter = as->slots / 4;
	unsigned turns = as->slots - (unsigned)(quarter * chance);

	if (as->tick == 0)
		return;
	if (as->members++ == 0) {
		as->turned = *as->now;
		ev_timer_set(&as->timer, as->tick, as->tick);
		ev_timer_start(as->loop, &as->timer);
	}
	/* The slot that is due next is a whole turn away from the hand's. */
	a->slot = (uint16_t)((as->hand + turns) % as->slots);
	TAILQ_INSERT_TAIL(&as->slot[a->slot], a, link);
}

void
age_end(struct ages *as, struct age *a)
{
	if (as->tick == 0)
		return;
	TAILQ_REMOVE(&as->slot[a->slot], a, link);
	if (--as->members == 0)
		ev_timer_stop(as->loop, &as->timer);
}
