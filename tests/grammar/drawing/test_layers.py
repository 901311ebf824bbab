"""Laws of layouts: nothing lies on anything else, edges go from border to border, and every label is on its edge."""

from __future__ import annotations

from itertools import combinations
from xml.dom import minidom

from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.drawing.layers import Box, layout
from maskwright.grammar.drawing.picture import Edge, Node, Picture, Shape
from maskwright.grammar.drawing.svg import to_svg

LABELS = st.sampled_from(["", "a", "a-z 0-9", "one\nbelow the other", "<&>\"'", "x" * 60, "\x00\ud800"])


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    n = draw(st.integers(1, 12))
    nodes = tuple(Node(draw(LABELS), draw(st.sampled_from(Shape)), draw(st.booleans())) for _ in range(n))
    places = st.integers(0, n - 1)
    edges = tuple(Edge(draw(places), draw(places), draw(LABELS)) for _ in range(draw(st.integers(0, 20))))
    return Picture("some <picture>", nodes, edges, draw(st.sampled_from(["", "not all of it"])))


def overlap(one: Box, other: Box) -> bool:
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2 - 0.01
        and abs(one.y - other.y) < (one.height + other.height) / 2 - 0.01
    )


@settings(deadline=None, max_examples=150)
@given(pictures())
def test_nodes_and_labels_do_not_overlap_and_lie_within_the_picture(picture: Picture) -> None:
    placed = layout(picture)
    labels = [
        one.label for one, edge in zip(placed.edges, picture.edges, strict=True) if one.label is not None and edge.label
    ]
    boxes = [*placed.nodes, *labels]
    for one, other in combinations(boxes, 2):
        assert not overlap(one, other)
    for box in boxes:
        assert box.x - box.width / 2 >= 0 and box.x + box.width / 2 <= placed.width
        assert box.y - box.height / 2 >= 0 and box.y + box.height / 2 <= placed.height


@settings(deadline=None, max_examples=100)
@given(pictures())
def test_edges_go_from_the_border_of_one_node_to_that_of_the_other(picture: Picture) -> None:
    placed = layout(picture)
    for edge, drawn in zip(picture.edges, placed.edges, strict=True):
        if edge.source == edge.target:
            assert drawn.points == ()
            assert drawn.label is not None
            assert drawn.label.y < placed.nodes[edge.source].y
            continue
        for node, (x, y) in ((edge.source, drawn.points[0]), (edge.target, drawn.points[-1])):
            box = placed.nodes[node]
            assert y == box.y
            assert abs(abs(x - box.x) - box.width / 2) < 0.01
        if edge.label:
            assert drawn.label is not None
            half = drawn.label.width / 2
            assert (drawn.label.x - half, drawn.label.y) in drawn.points
            assert (drawn.label.x + half, drawn.label.y) in drawn.points


@settings(deadline=None, max_examples=100)
@given(pictures())
def test_the_file_is_well_formed_and_has_every_node_and_every_label(picture: Picture) -> None:
    document = minidom.parseString(to_svg(picture).encode())
    outlines = [*document.getElementsByTagName("rect"), *document.getElementsByTagName("polygon")]
    assert len(outlines) == sum(2 if node.is_double else 1 for node in picture.nodes)
    titles = [node.firstChild.nodeValue for node in document.getElementsByTagName("title") if node.firstChild]
    for node in picture.nodes:
        if node.label and node.label.isprintable():
            assert node.label in titles
    arrows = [path for path in document.getElementsByTagName("path") if path.getAttribute("marker-end")]
    assert len(arrows) == 1 + len(picture.edges)


def test_a_chain_is_drawn_from_left_to_right_on_one_line() -> None:
    placed = layout(Picture("chain", tuple(map(Node, "abc")), (Edge(0, 1, "x"), Edge(1, 2, "y"))))
    assert [box.x for box in placed.nodes] == sorted(box.x for box in placed.nodes)
    assert len({round(box.y, 3) for box in placed.nodes}) == 1
