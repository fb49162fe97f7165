#include "base/list.h"
#include "lib/unit.h"

struct item {
    int number;
    struct list_node node;
};

static int number_of(struct list_node *node)
{
    CHECK(node != NULL);
    return CONTAINER_OF(node, struct item, node)->number;
}

static void a_new_list_is_empty(void **state)
{
    (void)state;
    struct list list;
    list_init(&list);
    assert_int_equal(list.len, 0);
    assert_null(list_first(&list));
    assert_null(list_pop_front(&list));
}

static void pushes_go_to_their_end_and_are_counted(void **state)
{
    (void)state;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct list list;
    list_init(&list);
    list_push_back(&list, &items[1].node);
    list_push_back(&list, &items[2].node);
    list_push_front(&list, &items[0].node);
    assert_int_equal(list.len, 3);
    for (int i = 1; i <= 3; i++) {
        struct list_node *node = list_pop_front(&list);
        assert_int_equal(number_of(node), i);
        assert_false(list_linked(node));
    }
    assert_int_equal(list.len, 0);
}

static void a_node_leaves_from_the_middle(void **state)
{
    (void)state;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct list list;
    list_init(&list);
    for (int i = 0; i < 3; i++) {
        list_push_back(&list, &items[i].node);
    }
    list_remove(&list, &items[1].node);
    assert_int_equal(list.len, 2);
    assert_false(list_linked(&items[1].node));
    assert_true(list_linked(&items[2].node));
    assert_int_equal(number_of(list_pop_front(&list)), 1);
    assert_int_equal(number_of(list_pop_front(&list)), 3);
}

static void a_node_goes_in_before_another(void **state)
{
    (void)state;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct list list;
    list_init(&list);
    list_push_back(&list, &items[0].node);
    list_push_back(&list, &items[2].node);
    list_insert_before(&list, &items[2].node, &items[1].node);
    int expected = 1;
    list_foreach_safe(&list, node) {
        assert_int_equal(number_of(node), expected++);
    }
    assert_int_equal(expected, 4);
}

static void the_walk_survives_removal_of_the_node_it_stands_on(void **state)
{
    (void)state;
    struct item items[5] = {{.number = 0}};
    struct list list;
    int seen = 0;
    list_init(&list);
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        list_push_back(&list, &items[i].node);
    }
    list_foreach_safe(&list, node) {
        seen++;
        if (number_of(node) % 2 == 0) {
            list_remove(&list, node);
        }
    }
    assert_int_equal(seen, 5);
    assert_int_equal(list.len, 2);
    assert_int_equal(number_of(list_first(&list)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(pushes_go_to_their_end_and_are_counted),
        cmocka_unit_test(a_node_leaves_from_the_middle),
        cmocka_unit_test(a_node_goes_in_before_another),
        cmocka_unit_test(the_walk_survives_removal_of_the_node_it_stands_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
