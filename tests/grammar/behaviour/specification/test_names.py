from maskwright.grammar.behaviour.specification.names import unknown


def test_the_nearest_name_is_suggested() -> None:
    message = unknown("segment", "awnser", ["question", "answer"])
    assert message == "there is no segment 'awnser'; did you mean 'answer'?"


def test_without_a_near_one_all_names_are_listed() -> None:
    assert unknown("tool", "xyz", ["search", "stop"]) == "there is no tool 'xyz'; there are: search, stop"
    assert unknown("tool", "xyz", map(str, range(99))).endswith("there are: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...")


def test_where_nothing_is_declared_that_is_said() -> None:
    assert unknown("tool", "search", []) == "there is no tool 'search'; none is declared"
