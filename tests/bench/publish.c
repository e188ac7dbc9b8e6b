/* SPDX-License-Identifier: ISC */
/*
 * The publisher for the servers that only pass messages on: posts a message
 * like the clock's to an HTTP address once every interval, on time (lateness
 * does not add up), until it is ended or refused.
 *
 *	publish [-i interval s] http://HOST:PORT/PATH
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct place {
	struct sockaddr_in addr;
	const char *path;
};

static void
place_parse(struct place *place, const char *url)
{
	char host[64];
	unsigned short port;
	int used = 0;

	if (sscanf(url, "http://%63[0-9.]:%hu%n", host, &port, &used) != 2 ||
	    url[used] != '/' ||
	    inet_pton(AF_INET, host, &place->addr.sin_addr) != 1)
		errx(2, "not http://HOST:PORT/PATH, HOST in digits: %s", url);
	place->addr.sin_family = AF_INET;
	place->addr.sin_port = htons(port);
	place->path = url + used;
}

static size_t
make_request(char *buf, size_t size, const struct place *place, long count)
{
	struct timespec wall;
	struct tm tm;
	char text[32], body[128];
	int n;

	clock_gettime(CLOCK_REALTIME, &wall);
	gmtime_r(&wall.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	n = snprintf(body, sizeof body,
	    "Message: %ld - the time is %s.%09ld +0000 UTC", count, text,
	    wall.tv_nsec);
	n = snprintf(buf, size,
	    "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %d\r\n"
	    "Connection: close\r\n\r\n%s",
	    place->path, n, body);
	if (n < 0 || (size_t)n >= size)
		errx(2, "path too long");
	return (size_t)n;
}

static void
publish(const struct place *place, long count)
{
	char buf[1024];
	size_t len = make_request(buf, sizeof buf, place, count), got = 0;
	ssize_t n;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd == -1 || connect(fd, (const struct sockaddr *)&place->addr,
			    sizeof place->addr) == -1)
		err(1, "connect");
	if (write(fd, buf, len) != (ssize_t)len)
		err(1, "write");
	while ((n = read(fd, buf + got, sizeof buf - 1 - got)) > 0)
		got += (size_t)n;
	buf[got] = '\0';
	if (strncmp(buf, "HTTP/1.1 20", 11) != 0)
		errx(1, "refused: %s", buf);
	close(fd);
}

int
main(int argc, char **argv)
{
	struct place place = {0};
	struct timespec turn;
	double seconds = 2;
	long interval;
	int c;

	while ((c = getopt(argc, argv, "i:")) != -1)
		if (c != 'i' || (seconds = atof(optarg)) < 0.1)
			errx(2, "publish [-i interval s] URL");
	if (optind + 1 != argc)
		errx(2, "publish [-i interval s] URL");
	place_parse(&place, argv[optind]);
	interval = (long)(seconds * 1000);
	clock_gettime(CLOCK_MONOTONIC, &turn);
	for (long count = 1;; count++) {
		publish(&place, count);
		turn.tv_sec += interval / 1000;
		turn.tv_nsec += interval % 1000 * 1000000;
		if (turn.tv_nsec >= 1000000000) {
			turn.tv_sec++;
			turn.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &turn, NULL);
	}
}
