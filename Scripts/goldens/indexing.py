"""Gathering, scattering, sorting, padding."""

import torch
import torch.nn.functional as F

from family import Family, padded


def indexing():
    family = Family("indexing")
    for shape, axis, count in [
        ((5, 3), 0, (4,)), ((2, 5, 3), 1, (7,)), ((2, 3, 4), 2, (2,)), ((6, 3), 0, (2, 3)),
    ]:
        family.start("gather")
        index = family.integers(count, shape[axis])

        def gather(x, index):
            if index.dim() == 1:
                return torch.index_select(x, axis, index)
            return F.embedding(index, x)

        family.case("gather", gather, [family.draw(shape), index], {"axis": axis})
    for shape, axis, count in [((5, 3), 0, 4), ((2, 5, 3), 1, 7), ((2, 3, 4), 2, 3)]:
        family.start("indexAdd")
        source = list(shape)
        source[axis] = count
        index = family.integers((count,), shape[axis])
        family.case(
            "indexAdd", lambda x, i, s: torch.index_add(x, axis, i, s),
            [family.draw(shape), index, family.draw(source)], {"axis": axis})
    for shape, axis, index_shape in [
        ((5, 3), 0, (4, 3)), ((3, 5), 1, (3, 7)), ((2, 3, 4), 1, (2, 5, 4)),
    ]:
        family.start("scatterAdd")
        index = family.integers(index_shape, shape[axis])
        family.case(
            "scatterAdd", lambda x, i, s: torch.scatter_add(x, axis, i, s),
            [family.draw(shape), index, family.draw(index_shape)], {"axis": axis})
        family.start("takeAlongAxis")
        index = family.integers(index_shape, shape[axis])
        family.case(
            "takeAlongAxis", lambda x, i: torch.take_along_dim(x, i, axis),
            [family.draw(shape), index], {"axis": axis})
    for shape, axis in [((11,), 0), ((4, 5), 0), ((4, 5), 1), ((2, 6, 3), 1)]:
        for descending in (False, True):
            family.simple(
                "sort", lambda x: torch.sort(x, stable=True, dim=axis, descending=descending),
                [shape], {"axis": axis, "descending": descending})
    for shape, axis, k, largest in [
        ((11,), 0, 4, True), ((3, 7), 1, 3, True), ((7, 3), 0, 1, True), ((3, 7), 1, 2, False),
    ]:
        family.simple(
            "topK", lambda x: torch.topk(x, k, axis, largest), [shape],
            {"axis": axis, "k": k, "largest": largest})
    for shape, axes in [((5,), [0]), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2])]:
        family.simple("flip", lambda x: torch.flip(x, axes), [shape], {"axes": axes})
    for shape, shifts, axes in [((7,), [3], [0]), ((3, 4), [-1], [1]), ((3, 4), [2, 5], [0, 1])]:
        family.simple(
            "roll", lambda x: torch.roll(x, shifts, axes), [shape],
            {"shifts": shifts, "axes": axes})
    for shape, pairs, mode, value in [
        ((5,), [[2, 1]], "constant", 0.0), ((2, 3), [[1, 0], [0, 2]], "constant", 1.5),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "reflect", 0.0),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "edge", 0.0),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "circular", 0.0),
        ((1, 1, 3, 4), [[0, 0], [0, 0], [1, 2], [2, 1]], "reflect", 0.0),
        ((1, 1, 3, 4), [[0, 0], [0, 0], [1, 2], [2, 1]], "circular", 0.0),
    ]:
        spelling = {"edge": "replicate"}.get(mode, mode)
        trailing = pairs if mode == "constant" else pairs[2:]
        family.simple(
            "pad", lambda x: padded(x, trailing, spelling, value), [shape],
            {"padding": pairs, "mode": mode} | ({"value": value} if mode == "constant" else {}))
    for axis, *shapes in [
        (0, (2, 3), (4, 3)), (1, (2, 3), (2, 1), (2, 4)), (2, (2, 2, 3), (2, 2, 2)),
        (0, (3,), (2,)),
    ]:
        family.simple("concat", lambda *x: torch.cat(x, axis), shapes, {"axis": axis})
    for axis, *shapes in [
        (0, (2, 3), (2, 3)), (2, (2, 3), (2, 3), (2, 3)), (1, (4,), (4,)), (0, (), ()),
    ]:
        family.simple("stack", lambda *x: torch.stack(x, axis), shapes, {"axis": axis})
    return family


FAMILIES = [indexing]
