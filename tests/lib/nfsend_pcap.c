// SPDX-License-Identifier: GPL-2.0-only
/* Replays the UDP payloads of a capture. The file is a test's own or a public capture: bounded. */
#include <arpa/inet.h>
#include <byteswap.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "nfsend.h"

#define PCAP_MAX_BYTES (64U << 20)
#define PCAP_MAGIC 0xa1b2c3d4U
#define PCAP_MAGIC_NS 0xa1b23c4dU
#define PCAP_ETHERNET 1U
#define ETHERNET_HEAD 14U
#define UDP_HEAD 8U
#define UDP 17

struct pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, longest, link;
};

struct pcap_frame {
	uint32_t seconds, fraction, held, length;
};

/* Finds the UDP payload of an Ethernet frame with IPv4; NULL if there is none. */
static const uint8_t *udp_payload(const uint8_t *frame, size_t size, size_t *payload_size)
{
	const uint8_t *ip = frame + ETHERNET_HEAD;
	size_t head, length;

	if (size < ETHERNET_HEAD + 20 || frame[12] != 8 || frame[13] != 0 || ip[9] != UDP)
		return NULL;
	head = ETHERNET_HEAD + (ip[0] & 15) * 4U;
	if (size < head + UDP_HEAD)
		return NULL;
	length = (size_t)frame[head + 4] << 8 | frame[head + 5];
	if (length < UDP_HEAD || head + length > size)
		return NULL;
	*payload_size = length - UDP_HEAD;
	return frame + head + UDP_HEAD;
}

static int check_head(const char *buf, size_t size, bool *swapped)
{
	struct pcap_head head;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, buf, sizeof(head));
	*swapped = head.magic == bswap_32(PCAP_MAGIC) || head.magic == bswap_32(PCAP_MAGIC_NS);
	if (*swapped)
		head.link = bswap_32(head.link);
	else if (head.magic != PCAP_MAGIC && head.magic != PCAP_MAGIC_NS)
		return -EBADMSG;
	return head.link == PCAP_ETHERNET ? 0 : -EBADMSG;
}

static int64_t send_frames(struct send_out *out, const char *buf, size_t size, bool swapped)
{
	size_t at = sizeof(struct pcap_head);
	int64_t sent = 0;

	while (at + sizeof(struct pcap_frame) <= size) {
		const uint8_t *payload;
		struct pcap_frame frame;
		size_t length;
		int answer;

		memcpy(&frame, buf + at, sizeof(frame));
		at += sizeof(frame);
		if (swapped)
			frame.held = bswap_32(frame.held);
		if (frame.held > size - at)
			return -EBADMSG;
		payload = udp_payload((const uint8_t *)buf + at, frame.held, &length);
		at += frame.held;
		if (!payload)
			continue;
		answer = send_out_put(out, payload, length);
		if (answer)
			return answer;
		sent++;
	}
	return at == size ? sent : -EBADMSG;
}

int64_t send_pcap(struct send_out *out, const char *path, struct nfm_error *error)
{
	_cleanup_free_ char *buf = NULL;
	bool swapped;
	size_t size;
	int64_t sent;

	sent = nfm_io_read_file(path, PCAP_MAX_BYTES, &buf, &size);
	if (!sent)
		sent = check_head(buf, size, &swapped);
	if (!sent)
		sent = send_frames(out, buf, size, swapped);
	if (sent < 0)
		nfm_error_set(error, (int)sent, "%s: %s", path, strerror((int)-sent));
	return sent;
}
