#include "store/audience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* One field of each audience: bit i is audience i. */
static dk_field fields[] = {
    {.name = "a", .audience = DK_PUBLIC}, {.name = "b", .audience = DK_GROUP}, {.name = "c", .audience = DK_ON_REQUEST},
    {.name = "d", .audience = DK_STAFF},  {.name = "e", .audience = DK_NEVER},
};
static const dk_kind kind = {.name = "k", .fields = fields, .n_fields = 5};

enum { SEES_PUBLIC = 0x01, SEES_GROUP = 0x03, SEES_REQUEST = 0x07, SEES_STAFF = 0x0f, SEES_ALL = 0x1f };

static uint64_t seen_by(const dk_viewer *viewer, const char *division)
{
    const dk_view view = dk_view_of(&kind, viewer);
    return dk_view_fields(&view, division);
}

static void who_sees_what_in_which_row(void **state)
{
    (void)state;
    static const struct {
        dk_viewer viewer;
        const char *row;
        uint64_t sees;
    } table[] = {
        {{DK_PUBLIC, ""}, "341321", SEES_PUBLIC},
        {{DK_PUBLIC, ""}, NULL, SEES_PUBLIC},
        {{DK_PUBLIC, "341321"}, "341321", SEES_PUBLIC}, /* a division alone gives nothing */
        {{DK_STAFF, "341321"}, "341321", SEES_STAFF},
        {{DK_STAFF, "341321"}, "341321105", SEES_STAFF},
        {{DK_STAFF, "341321"}, "341321105001", SEES_STAFF},
        {{DK_STAFF, "341321"}, "341322", SEES_PUBLIC},
        {{DK_STAFF, "341321"}, "34132", SEES_PUBLIC},
        {{DK_STAFF, "341321"}, "", SEES_PUBLIC},
        {{DK_STAFF, "341321"}, NULL, SEES_PUBLIC},
        {{DK_STAFF, "341321105"}, "341321105", SEES_STAFF},
        {{DK_STAFF, "341321105"}, "341321", SEES_PUBLIC}, /* a township does not see its county's rows */
        {{DK_STAFF, "341321105"}, "341321106", SEES_PUBLIC},
        {{DK_STAFF, "34"}, "341321", SEES_STAFF},
        {{DK_STAFF, ""}, "341321", SEES_STAFF},
        {{DK_STAFF, ""}, NULL, SEES_STAFF},
        {{DK_NEVER, ""}, "341321", SEES_ALL},
        {{DK_NEVER, ""}, NULL, SEES_ALL},
        {{DK_NEVER, "341321"}, "110000", SEES_ALL},               /* the owner's export has no scope */
        {{DK_GROUP, "341321105001"}, "341321105001", SEES_GROUP}, /* a village's own members */
        {{DK_GROUP, "341321105001"}, "341321105002", SEES_PUBLIC},
        {{DK_ON_REQUEST, "341321105"}, "341321105002", SEES_REQUEST},
        {{DK_ON_REQUEST, "341321105"}, NULL, SEES_PUBLIC},
        {{(dk_audience)9, ""}, "341321", SEES_PUBLIC}, /* no such viewer: the public's view */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (seen_by(&table[i].viewer, table[i].row) != table[i].sees)
            fail_msg("line %zu of the table", i + 1);
}

static void the_public_sees_the_same_inside_and_outside(void **state)
{
    (void)state;
    const dk_viewer viewer = dk_viewer_public();
    const dk_view view = dk_view_of(&kind, &viewer);
    assert_int_equal(view.inside, SEES_PUBLIC);
    assert_int_equal(view.outside, SEES_PUBLIC);
    assert_string_equal(view.division, "");
}

static void a_staff_scope_is_a_prefix_of_digits(void **state)
{
    (void)state;
    dk_viewer viewer;
    assert_true(dk_viewer_staff("", &viewer));
    assert_int_equal(viewer.audience, DK_STAFF);
    assert_true(dk_viewer_staff("341321105001", &viewer));
    assert_string_equal(viewer.division, "341321105001");
    assert_int_equal(seen_by(&viewer, "341321105001"), SEES_STAFF);
    const char *const wrong[] = {"3413211050012", "34132x", "*", " 341321", "-1", NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        viewer = (dk_viewer){DK_STAFF, ""};
        assert_false(dk_viewer_staff(wrong[i], &viewer));
        assert_int_equal(viewer.audience, DK_PUBLIC);
        assert_int_equal(seen_by(&viewer, "341321"), SEES_PUBLIC);
    }
}

static void only_staff_are_told_where_rows_come_from(void **state)
{
    (void)state;
    static const struct {
        dk_viewer viewer;
        bool told;
    } table[] = {
        {{DK_PUBLIC, ""}, false},     {{DK_GROUP, "341321105001"}, false},
        {{DK_ON_REQUEST, ""}, false}, {{(dk_audience)9, ""}, false},
        {{DK_STAFF, "341321"}, true}, {{DK_STAFF, "110000"}, false},
        {{DK_STAFF, ""}, true},       {{DK_NEVER, ""}, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (dk_viewer_told_origin(&kind, &table[i].viewer, "341321105001") != table[i].told)
            fail_msg("line %zu of the table", i + 1);
}

static void who_sees_a_total(void **state)
{
    (void)state;
    static const struct {
        dk_audience viewer, total;
        bool sees;
    } table[] = {
        {DK_PUBLIC, DK_PUBLIC, true}, {DK_PUBLIC, DK_GROUP, false}, {DK_PUBLIC, DK_STAFF, false},
        {DK_PUBLIC, DK_NEVER, false}, {DK_STAFF, DK_PUBLIC, true},  {DK_STAFF, DK_ON_REQUEST, true},
        {DK_STAFF, DK_STAFF, true},   {DK_STAFF, DK_NEVER, false},  {DK_NEVER, DK_NEVER, true},
        {DK_GROUP, DK_PUBLIC, true},  {DK_GROUP, DK_GROUP, true},   {DK_GROUP, DK_STAFF, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const dk_viewer viewer = {.audience = table[i].viewer};
        const dk_total total = {.audience = table[i].total};
        if (dk_view_total(&total, &viewer) != table[i].sees)
            fail_msg("line %zu of the table", i + 1);
    }
}

static void documents_are_for_whom_the_catalogue_says_or_fewer(void **state)
{
    (void)state;
    static const struct {
        dk_audience kind, document;
        dk_viewer viewer;
        const char *row;
        bool sees;
    } table[] = {
        /* staff, which the catalogue says by saying nothing */
        {DK_STAFF, DK_PUBLIC, {DK_PUBLIC, ""}, "341321", false},
        {DK_STAFF, DK_PUBLIC, {DK_PUBLIC, ""}, NULL, false},
        {DK_STAFF, DK_PUBLIC, {DK_GROUP, ""}, "341321", false},
        {DK_STAFF, DK_PUBLIC, {DK_ON_REQUEST, ""}, "341321", false},
        {DK_STAFF, DK_PUBLIC, {(dk_audience)9, ""}, "341321", false},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, "341321"}, "341321105", true},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, "341321"}, "341322", false},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, "341321"}, "34132", false},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, "341321"}, NULL, false},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, ""}, NULL, true},
        {DK_STAFF, DK_PUBLIC, {DK_STAFF, ""}, "110000", true},
        {DK_STAFF, DK_PUBLIC, {DK_NEVER, "341321"}, "110000", true},
        /* public */
        {DK_PUBLIC, DK_PUBLIC, {DK_PUBLIC, ""}, NULL, true},
        {DK_PUBLIC, DK_PUBLIC, {DK_PUBLIC, ""}, "341321", true},
        {DK_PUBLIC, DK_PUBLIC, {DK_STAFF, "341321"}, "110000", true}, /* staff of elsewhere see what everyone sees */
        /* one of them for fewer */
        {DK_PUBLIC, DK_STAFF, {DK_PUBLIC, ""}, "341321", false},
        {DK_PUBLIC, DK_STAFF, {DK_STAFF, "341321"}, "110000", false},
        {DK_PUBLIC, DK_STAFF, {DK_STAFF, "341321"}, "341321", true},
        {DK_PUBLIC, DK_NEVER, {DK_STAFF, ""}, "341321", false},
        {DK_PUBLIC, DK_NEVER, {DK_NEVER, ""}, "341321", true},
        /* members of a village */
        {DK_GROUP, DK_PUBLIC, {DK_GROUP, "341321105001"}, "341321105001", true},
        {DK_GROUP, DK_PUBLIC, {DK_GROUP, "341321105001"}, "341321105002", false},
        {DK_GROUP, DK_PUBLIC, {DK_PUBLIC, ""}, "341321105001", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const dk_kind of = {.name = "k", .fields = fields, .n_fields = 5, .documents = table[i].kind};
        if (dk_view_document(&of, table[i].document, &table[i].viewer, table[i].row) != table[i].sees)
            fail_msg("line %zu of the table", i + 1);
        /* Who sees one of some row may be told of them. */
        assert_true(!table[i].sees || dk_view_documents(&of, &table[i].viewer));
    }
    /* Others are not told that there are any. */
    static const dk_viewer viewers[] = {
        {DK_PUBLIC, ""}, {DK_GROUP, ""}, {DK_ON_REQUEST, ""}, {DK_STAFF, ""}, {DK_NEVER, ""}};
    for (dk_audience documents = DK_PUBLIC; documents <= DK_NEVER; documents++)
        for (size_t i = 0; i < sizeof viewers / sizeof *viewers; i++) {
            const dk_kind of = {.name = "k", .fields = fields, .n_fields = 5, .documents = documents};
            dk_kind hidden = of;
            hidden.audience = DK_NEVER;
            assert_int_equal(dk_view_documents(&of, &viewers[i]), viewers[i].audience >= documents);
            assert_int_equal(dk_view_documents(&hidden, &viewers[i]), viewers[i].audience == DK_NEVER);
        }
}

static void the_63rd_field_has_its_bit(void **state)
{
    (void)state;
    static dk_field many[DK_MAX_FIELDS];
    for (size_t i = 0; i < DK_MAX_FIELDS; i++)
        many[i].audience = i + 1 == DK_MAX_FIELDS ? DK_STAFF : DK_NEVER;
    const dk_kind wide = {.name = "w", .fields = many, .n_fields = DK_MAX_FIELDS};
    const dk_viewer viewer = {DK_STAFF, "34"};
    const dk_view view = dk_view_of(&wide, &viewer);
    assert_true(view.inside == UINT64_C(1) << 62);
    assert_true(view.outside == 0);
}

static void what_a_row_may_say_of_another(void **state)
{
    (void)state;
    static const dk_division gone[] = {{.code = "341321101", .successor = "341321102"}};
    static const dk_catalogue plain = {0}, merged = {.divisions = (dk_division *)(uintptr_t)gone,
                                                     .n_divisions = 1,
                                                     .n_successors = 1};
    static const struct {
        const char *division, *other;
        bool plain, merged;
    } table[] = {
        {NULL, NULL, true, true}, /* in the scope of the whole store only */
        {NULL, "341321", true, true},
        {"", "341321", true, true},
        {"341321", NULL, false, false},
        {"341321", "", false, false},
        {"341321", "341321", true, true},
        {"341321", "341321101", true, false}, /* a part may have gone elsewhere */
        {"341321101", "341321", false, false},
        {"341321101", "341321102", false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (dk_scope_carries(&plain, table[i].division, table[i].other) != table[i].plain ||
            dk_scope_carries(&merged, table[i].division, table[i].other) != table[i].merged)
            fail_msg("line %zu of the table", i + 1);
    }
}

static void rows_of_a_kind_for_staff_are_there_within_the_scope_only(void **state)
{
    (void)state;
    dk_field own[] = {{.name = "a", .audience = DK_STAFF}};
    const dk_kind hidden = {.name = "k", .fields = own, .n_fields = 1, .audience = DK_STAFF};
    const dk_kind nowhere = {.name = "k", .fields = own, .n_fields = 1, .audience = DK_STAFF, .division_field = -1};
    static const struct {
        dk_viewer viewer;
        const char *row;
        bool seen, kind, nowhere;
    } table[] = {
        {{DK_PUBLIC, ""}, "341321", false, false, false},
        {{DK_GROUP, "341321"}, "341321", false, false, false},
        {{DK_ON_REQUEST, ""}, "341321", false, false, false},
        {{DK_STAFF, "341321"}, "341321105", true, true, false},
        {{DK_STAFF, "341321"}, "341322", false, true, false},
        {{DK_STAFF, "341321"}, NULL, false, true, false},
        {{DK_STAFF, ""}, NULL, true, true, true},
        {{DK_NEVER, ""}, NULL, true, true, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const dk_view view = dk_view_of(&hidden, &table[i].viewer);
        if (dk_view_row(&view, table[i].row) != table[i].seen ||
            dk_kind_seen(&hidden, &table[i].viewer) != table[i].kind ||
            dk_kind_seen(&nowhere, &table[i].viewer) != table[i].nowhere ||
            (dk_view_fields(&view, table[i].row) != 0) != table[i].seen)
            fail_msg("line %zu of the table", i + 1);
    }
}

static void masks_and_coarse_outlines_are_for_those_below(void **state)
{
    (void)state;
    dk_field own[] = {{.name = "a", .audience = DK_PUBLIC},
                      {.name = "b", .audience = DK_STAFF, .masks = {DK_MASK_HIDDEN, DK_MASK_NAME, DK_MASK_PHONE}}};
    const dk_kind layer = {.name = "k",
                           .fields = own,
                           .n_fields = 2,
                           .geometry = DK_POLYGONS,
                           .max_zoom = 16,
                           .public_coarse = 10,
                           .public_zoomed = true,
                           .public_max_zoom = 14};
    static const struct {
        dk_viewer viewer;
        const char *row;
        uint64_t seen, masked;
        dk_mask mask;
        int coarse, zoom;
    } table[] = {
        {{DK_PUBLIC, ""}, "341321", 1, 0, DK_MASK_HIDDEN, 10, 14},
        {{DK_GROUP, "341321"}, "341321", 1, 2, DK_MASK_NAME, 0, DK_EVERY_TILE_ZOOM},
        {{DK_GROUP, "341321"}, "341322", 1, 0, DK_MASK_HIDDEN, 10, 14}, /* out of scope: the public */
        {{DK_GROUP, "341321"}, NULL, 1, 0, DK_MASK_HIDDEN, 10, 14},
        {{DK_ON_REQUEST, ""}, NULL, 1, 2, DK_MASK_PHONE, 0, DK_EVERY_TILE_ZOOM},
        {{DK_STAFF, "34"}, "341321", 3, 0, DK_MASK_HIDDEN, 0, DK_EVERY_TILE_ZOOM},
        {{DK_STAFF, "34"}, "110000", 1, 0, DK_MASK_HIDDEN, 10, 14},
        {{DK_NEVER, ""}, NULL, 3, 0, DK_MASK_HIDDEN, 0, DK_EVERY_TILE_ZOOM},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const dk_view view = dk_view_of(&layer, &table[i].viewer);
        if (dk_view_fields(&view, table[i].row) != table[i].seen ||
            dk_view_masked(&view, table[i].row) != table[i].masked ||
            dk_view_mask(&view, &own[1], table[i].row) != table[i].mask ||
            dk_view_coarse(&view, table[i].row) != table[i].coarse ||
            dk_view_zoom(&view, table[i].row) != table[i].zoom)
            fail_msg("line %zu of the table", i + 1);
        /* Who has a scope sees other rows as the public does, the owner and those of the whole store no row. */
        const bool all = table[i].viewer.audience != DK_PUBLIC && table[i].viewer.division[0] == '\0';
        assert_int_equal(dk_view_any_coarse(&view), !all);
        assert_int_equal(dk_view_last_zoom(&view), table[i].viewer.audience == DK_PUBLIC ? 14 : DK_EVERY_TILE_ZOOM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_row_may_say_of_another),
        cmocka_unit_test(who_sees_what_in_which_row),
        cmocka_unit_test(the_public_sees_the_same_inside_and_outside),
        cmocka_unit_test(a_staff_scope_is_a_prefix_of_digits),
        cmocka_unit_test(only_staff_are_told_where_rows_come_from),
        cmocka_unit_test(who_sees_a_total),
        cmocka_unit_test(documents_are_for_whom_the_catalogue_says_or_fewer),
        cmocka_unit_test(the_63rd_field_has_its_bit),
        cmocka_unit_test(rows_of_a_kind_for_staff_are_there_within_the_scope_only),
        cmocka_unit_test(masks_and_coarse_outlines_are_for_those_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
