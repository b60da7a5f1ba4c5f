"""Matrix products and einsum."""

import torch

from family import Family


def linear():
    family = Family("linear")
    for shapes in [
        ((1, 1), (1, 1)), ((3, 4), (4, 5)), ((17, 33), (33, 19)), ((1, 9), (9, 4)),
        ((6, 5), (5, 1)),
        ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)),
        ((1, 3, 4), (6, 4, 1)),
    ]:
        family.simple("matmul", torch.matmul, shapes)
    for n in (1, 7, 65):
        family.simple("dot", torch.dot, [(n,), (n,)])
    family.simple("outer", torch.outer, [(3,), (5,)])
    for equation, *shapes in [
        ("ij,jk->ik", (3, 4), (4, 5)), ("ij,jk", (2, 5), (5, 3)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("ij->ji", (3, 4)), ("ij->", (3, 4)), ("ij->j", (3, 4)), ("ii->i", (4, 4)),
        ("ii->", (4, 4)),
        ("ij,ij->ij", (3, 4), (3, 4)), ("i,j->ij", (3,), (5,)), ("i,i->", (6,), (6,)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        ("bhqk,bhkd->bhqd", (2, 2, 3, 5), (2, 2, 5, 4)),
        ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)), ("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
        ("ijk,j->ik", (2, 3, 4), (3,)), ("bi,oij,bj->bo", (2, 3), (4, 3, 5), (2, 5)),
        ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
        ("...i->...", (2, 3, 4)),
    ]:
        family.simple(
            "einsum", lambda *x: torch.einsum(equation, *x), shapes, {"equation": equation})
    return family


FAMILIES = [linear]
