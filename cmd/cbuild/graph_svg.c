/*
 * The drawing: each package stands one layer below the lowest of its importers, so arrows point down;
 * within a layer packages stand in the order of their importers' middle, which keeps arrows short. An
 * import that closes a cycle counts for nothing in this and points up, dashed.
 */
#include "graph.h"

#include <stdlib.h>

enum {
	BOX_HEIGHT = 26,
	LAYER_STEP = 84,
	GAP = 18,
	MARGIN = 20,
	LETTER_TENTHS = 72, /* a letter's width in tenths of a pixel */
};

struct box {
	uint32_t node, layer;
	uint64_t weight; /* the middle of its importers' places, in 1/1024 */
	unsigned x, y, width;
};

struct drawing {
	struct arena *a;
	const struct package_graph *g;
	struct box *boxes; /* by node */
	uint8_t *mark;
	VEC(uint32_t) order; /* what imports comes before what is imported, cycles apart */
	uint32_t layers;
	unsigned width, height;
};

enum { MARK_NEW, MARK_OPEN, MARK_DONE };

struct frame {
	uint32_t node, next;
};

/* Depth first; order gets a node behind all that it imports. */
static void walk(struct drawing *d, uint32_t root)
{
	VEC(struct frame) stack = {0};

	d->mark[root] = MARK_OPEN;
	*vec_push(d->a, &stack) = (struct frame){.node = root};
	while (stack.n) {
		struct frame *top = &stack.v[stack.n - 1];
		const struct graph_node *node = &d->g->v[top->node];
		uint32_t to;

		if (top->next == node->to.n) {
			d->mark[top->node] = MARK_DONE;
			*vec_push(d->a, &d->order) = top->node;
			stack.n--;
			continue;
		}
		to = node->to.v[top->next++];
		if (d->mark[to] != MARK_NEW)
			continue;
		d->mark[to] = MARK_OPEN;
		*vec_push(d->a, &stack) = (struct frame){.node = to};
	}
}

/* Where each node stands in the walk from importers to imported. */
static uint32_t *ranks(struct drawing *d)
{
	uint32_t *rank = arena_array(d->a, uint32_t, d->g->n);

	for (uint32_t i = 0; i < d->g->n; i++)
		if (d->mark[i] == MARK_NEW)
			walk(d, i);
	for (size_t i = 0; i < d->order.n; i++)
		rank[d->order.v[i]] = (uint32_t)(d->order.n - 1 - i);
	return rank;
}

static void set_layers(struct drawing *d)
{
	const uint32_t *rank = ranks(d);

	for (size_t i = d->order.n; i-- > 0;) {
		uint32_t from = d->order.v[i];

		for (size_t k = 0; k < d->g->v[from].to.n; k++) {
			struct box *to = &d->boxes[d->g->v[from].to.v[k]];

			if (rank[to->node] > rank[from] && to->layer <= d->boxes[from].layer)
				to->layer = d->boxes[from].layer + 1;
		}
	}
	for (size_t i = 0; i < d->g->n; i++)
		d->layers = d->boxes[i].layer >= d->layers ? d->boxes[i].layer + 1 : d->layers;
}

static int by_weight(const void *a, const void *b)
{
	const struct box *x = *(const struct box *const *)a, *y = *(const struct box *const *)b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? 1 : -1;
	return (x->node > y->node) - (x->node < y->node);
}

/* A box's middle among its importers of higher layers; its own number when it has none. */
static void weigh(struct box **row, size_t n, const uint64_t *sum, const uint32_t *count)
{
	for (size_t i = 0; i < n; i++)
		row[i]->weight = count[row[i]->node] ? sum[row[i]->node] / count[row[i]->node]
						     : (uint64_t)i << 10;
	if (n)
		qsort(row, n, sizeof(struct box *), by_weight);
}

static unsigned place_row(struct drawing *d, struct box **row, size_t n, uint32_t layer)
{
	unsigned x = MARGIN;

	for (size_t i = 0; i < n; i++) {
		row[i]->x = x;
		row[i]->y = MARGIN + layer * LAYER_STEP;
		x += row[i]->width + GAP;
	}
	d->width = x > d->width ? x : d->width;
	return x;
}

static void place(struct drawing *d)
{
	size_t most = d->g->n;
	struct box **row = arena_array(d->a, struct box *, most);
	uint64_t *sum = arena_array(d->a, uint64_t, most);
	uint32_t *count = arena_array(d->a, uint32_t, most);
	unsigned *row_width = arena_array(d->a, unsigned, d->layers);

	for (uint32_t layer = 0; layer < d->layers; layer++) {
		size_t n = 0;

		for (size_t i = 0; i < most; i++)
			if (d->boxes[i].layer == layer)
				row[n++] = &d->boxes[i];
		weigh(row, n, sum, count);
		row_width[layer] = place_row(d, row, n, layer);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < d->g->v[row[i]->node].to.n; k++) {
				uint32_t to = d->g->v[row[i]->node].to.v[k];

				sum[to] += (uint64_t)i << 10;
				count[to]++;
			}
	}
	for (size_t i = 0; i < most; i++)
		d->boxes[i].x += (d->width - row_width[d->boxes[i].layer]) / 2;
	d->width += MARGIN - GAP;
	d->height = 2 * MARGIN + BOX_HEIGHT + (d->layers ? d->layers - 1 : 0) * LAYER_STEP;
}

static void add_xml(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = (unsigned char)s.p[i] < 0x20 ? '?' : s.p[i];

		if (c == '<')
			buf_addc(out, "&lt;");
		else if (c == '&')
			buf_addc(out, "&amp;");
		else if (c == '>')
			buf_addc(out, "&gt;");
		else
			buf_add_byte(out, c);
	}
}

static void draw_edge(const struct box *from, const struct box *to, struct buf *out)
{
	unsigned x1 = from->x + from->width / 2, y1 = from->y + BOX_HEIGHT;
	unsigned x2 = to->x + to->width / 2, y2 = to->y, bend = LAYER_STEP / 2;

	buf_printf(out, "<path d=\"M%u %uC%u %u %u %u %u %u\"", x1, y1, x1, y1 + bend, x2,
		   y2 > bend ? y2 - bend : 0, x2, y2);
	if (to->layer <= from->layer)
		buf_addc(out, " stroke-dasharray=\"4 3\"");
	else if (to->layer > from->layer + 1)
		buf_addc(out, " opacity=\".45\"");
	buf_addc(out, "/>\n");
}

static void draw_box(const struct graph_node *node, const struct box *b, struct buf *out)
{
	const char *class = !node->package->module->main ? "module"
			    : node->package->programs.n	 ? "program"
							 : "package";

	buf_printf(out,
		   "<g class=\"%s\"><rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"4\"/>"
		   "<text x=\"%u\" y=\"%u\">",
		   class, b->x, b->y, b->width, BOX_HEIGHT, b->x + b->width / 2, b->y + 17);
	add_xml(out, node->label);
	buf_addc(out, "</text></g>\n");
}

static void draw(const struct drawing *d, struct buf *out)
{
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		   "viewBox=\"0 0 %u %u\">\n",
		   d->width, d->height, d->width, d->height);
	buf_addc(out, "<style>text{font:12px monospace;text-anchor:middle;fill:#111}"
		      "rect{fill:#fff;stroke:#555}.program rect{fill:#def}"
		      ".module rect{fill:#eee;stroke-dasharray:3 2}"
		      "path{fill:none;stroke:#888;marker-end:url(#a)}</style>\n"
		      "<marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
		      "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
		      "<path d=\"M0 0L8 4L0 8z\" style=\"fill:#888;stroke:none;marker-end:none\"/>"
		      "</marker>\n<rect width=\"100%\" height=\"100%\" style=\"stroke:none\"/>\n");
	for (size_t i = 0; i < d->g->n; i++)
		for (size_t k = 0; k < d->g->v[i].to.n; k++)
			draw_edge(&d->boxes[i], &d->boxes[d->g->v[i].to.v[k]], out);
	for (size_t i = 0; i < d->g->n; i++)
		draw_box(&d->g->v[i], &d->boxes[i], out);
	buf_addc(out, "</svg>\n");
}

void graph_svg(struct arena *a, const struct package_graph *g, struct buf *out)
{
	struct drawing d = {.a = a, .g = g, .boxes = arena_array(a, struct box, g->n)};

	d.mark = arena_array(a, uint8_t, g->n);
	for (uint32_t i = 0; i < g->n; i++) {
		d.boxes[i].node = i;
		d.boxes[i].width = (unsigned)g->v[i].label.n * LETTER_TENTHS / 10 + 18;
	}
	set_layers(&d);
	place(&d);
	draw(&d, out);
}
