/* protobuf-c: a message packed and unpacked; what is said of it here is what protoc-c would generate. */
#include <stddef.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

/* message Person { required string name = 1; optional sint32 height = 2; repeated uint64 ids = 3; } */
struct person {
	ProtobufCMessage base;
	char *name;
	protobuf_c_boolean has_height;
	int32_t height;
	size_t n_ids;
	uint64_t *ids;
};

static const ProtobufCFieldDescriptor fields[] = {
    {"name", 1, PROTOBUF_C_LABEL_REQUIRED, PROTOBUF_C_TYPE_STRING, 0, offsetof(struct person, name), NULL, NULL, 0, 0, NULL,
     NULL},
    {"height", 2, PROTOBUF_C_LABEL_OPTIONAL, PROTOBUF_C_TYPE_SINT32, offsetof(struct person, has_height),
     offsetof(struct person, height), NULL, NULL, 0, 0, NULL, NULL},
    {"ids", 3, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_UINT64, offsetof(struct person, n_ids),
     offsetof(struct person, ids), NULL, NULL, 0, 0, NULL, NULL},
};
static const unsigned by_name[] = {1, 2, 0};
static const ProtobufCIntRange ranges[] = {{1, 0}, {0, 3}};
static const ProtobufCMessageDescriptor descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Person",
    .short_name = "Person",
    .c_name = "Person",
    .package_name = "",
    .sizeof_message = sizeof(struct person),
    .n_fields = 3,
    .fields = fields,
    .fields_sorted_by_name = by_name,
    .n_field_ranges = 1,
    .field_ranges = ranges,
};

int main(void)
{
	static const uint8_t want[] = {0x0a, 3, 'A', 'd', 'a', 0x10, 3, 0x18, 1, 0x18, 0xac, 2};
	char name[] = "Ada";
	uint64_t ids[] = {1, 300};
	struct person p = {PROTOBUF_C_MESSAGE_INIT(&descriptor), name, 1, -2, 2, ids}, *q;
	uint8_t packed[64];
	size_t n = protobuf_c_message_pack(&p.base, packed);
	int ok;

	if (n != sizeof want || memcmp(packed, want, n) != 0)
		return 1;
	q = (struct person *)protobuf_c_message_unpack(&descriptor, NULL, n, packed);
	ok = q && strcmp(q->name, "Ada") == 0 && q->height == -2 && q->n_ids == 2 && q->ids[1] == 300 &&
	     !protobuf_c_message_unpack(&descriptor, NULL, n - 1, packed);
	protobuf_c_message_free_unpacked(&q->base, NULL);
	return ok ? 0 : 1;
}
