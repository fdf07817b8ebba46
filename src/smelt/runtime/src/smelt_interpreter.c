#include "smelt_node.h"
#include "smelt_operator_names.h"
#include "smelt_records.h"

/* Slots of the tables of TensorFlow Lite's schema (schema.fbs, version 3). */
enum { MODEL_VERSION = 0, MODEL_OPERATOR_CODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4, SCHEMA_VERSION = 3 };
enum { CODE_OLD = 0, CODE_CUSTOM = 1, CODE_BUILTIN = 3, LARGEST_OLD_CODE = 127 };
enum { GRAPH_TENSORS = 0, GRAPH_INPUTS = 1, GRAPH_OUTPUTS = 2, GRAPH_NODES = 3 };
enum { TENSOR_SHAPE = 0, TENSOR_TYPE = 1, TENSOR_BUFFER = 2, TENSOR_VARIABLE = 5, TENSOR_SPARSITY = 6 };
enum { NODE_CODE = 0, NODE_INPUTS = 1, NODE_OUTPUTS = 2, NODE_OPTIONS = 4 };
enum { BUFFER_DATA = 0, BUFFER_OFFSET = 1 };

enum { MOST_BYTES = 0x40000000, LARGEST_TYPE = 17 };

/* Of an element of each type: 8 * bytes, or 0 for what has no fixed size. */
static const uint8_t type_bits[LARGEST_TYPE + 1] = {32, 16, 32, 8, 64, 0, 8, 16, 64, 8, 64, 128, 64, 32, 0, 32, 16, 4};

enum smelt_status smelt_fail(struct smelt_interpreter *interpreter, enum smelt_status status, int32_t node,
                             int32_t tensor, const char *message) {
    if (interpreter->setup.report != NULL) {
        const struct smelt_error error = {status, node, tensor, message, smelt_node_name(interpreter, node)};
        interpreter->setup.report(interpreter->setup.report_context, &error);
    }
    return status;
}

static enum smelt_status broken(struct smelt_interpreter *interpreter, int32_t node, int32_t tensor,
                                const char *message) {
    return smelt_fail(interpreter, SMELT_ERROR_MODEL, node, tensor, message);
}

static enum smelt_status too_small(struct smelt_interpreter *interpreter, uint32_t missing, const char *message) {
    interpreter->missing_bytes = missing;
    return smelt_fail(interpreter, SMELT_ERROR_ARENA, -1, -1, message);
}

uint32_t smelt_operator_entry(struct smelt_interpreter *interpreter, uint32_t node) {
    struct smelt_file *const file = &interpreter->file;
    const uint32_t table = smelt_file_element(file, interpreter->nodes, node);
    return smelt_file_element(file, interpreter->codes, smelt_file_u32(file, table, NODE_CODE, 0));
}

uint32_t smelt_operator_code(struct smelt_file *file, uint32_t entry) {
    const uint32_t old = smelt_file_u8(file, entry, CODE_OLD, 0), code = smelt_file_u32(file, entry, CODE_BUILTIN, 0);
    return old < LARGEST_OLD_CODE && old > code ? old : code;
}

enum { IDENTIFIER = 0x334C4654 }; /* TFL3 */

/* Find the graph's parts. */
static enum smelt_status open_file(struct smelt_interpreter *interpreter, uint32_t *root) {
    struct smelt_file *const file = &interpreter->file;
    if (file->bytes == NULL || file->size < 8 || file->size > INT32_MAX || smelt_file_word(file, 4) != IDENTIFIER) {
        return broken(interpreter, -1, -1, SMELT_MESSAGE("this is no .tflite file"));
    }
    *root = smelt_file_root(file);
    const struct smelt_vector graphs = smelt_file_vector(file, *root, MODEL_SUBGRAPHS, 4);
    if (*root == 0 || graphs.count == 0 || smelt_file_u32(file, *root, MODEL_VERSION, 0) != SCHEMA_VERSION) {
        return broken(interpreter, -1, -1, SMELT_MESSAGE("this is no model of version 3"));
    }
    if (graphs.count != 1) {
        return smelt_fail(interpreter, SMELT_ERROR_UNSUPPORTED, -1, -1, SMELT_MESSAGE("more than one subgraph"));
    }
    const uint32_t graph = smelt_file_element(file, graphs, 0);
    interpreter->codes = smelt_file_vector(file, *root, MODEL_OPERATOR_CODES, 4);
    interpreter->tensors = smelt_file_vector(file, graph, GRAPH_TENSORS, 4);
    interpreter->inputs = smelt_file_vector(file, graph, GRAPH_INPUTS, 4);
    interpreter->outputs = smelt_file_vector(file, graph, GRAPH_OUTPUTS, 4);
    interpreter->nodes = smelt_file_vector(file, graph, GRAPH_NODES, 4);
    if (file->damaged || interpreter->nodes.count >= SMELT_NEVER || interpreter->tensors.count > INT16_MAX * 2u) {
        return broken(interpreter, -1, -1, SMELT_MESSAGE("the file is damaged"));
    }
    return SMELT_OK;
}

/* The bytes of a tensor; -1 where they are not known. */
static int32_t tensor_bytes(struct smelt_file *file, uint32_t table) {
    const struct smelt_vector shape = smelt_file_vector(file, table, TENSOR_SHAPE, 4);
    const uint32_t type = smelt_file_u8(file, table, TENSOR_TYPE, 0);
    uint32_t elements = 1;
    for (uint32_t axis = 0; axis < shape.count; axis++) {
        const uint32_t size = smelt_file_word(file, shape.at + 4 * axis);
        if (size > MOST_BYTES || (size != 0 && elements > MOST_BYTES / size)) {
            return -1;
        }
        elements *= size;
    }
    const uint32_t bits = type > LARGEST_TYPE ? 0 : type_bits[type];
    if (bits == 0 || elements > MOST_BYTES / ((bits + 7) / 8)) {
        return -1;
    }
    return (int32_t)(bits < 8 ? (elements + 1) / 2 : elements * (bits / 8));
}

/* A constant's place in the file, checked; 0 for a tensor that is none. */
static enum smelt_status find_data(struct smelt_interpreter *interpreter, struct smelt_vector buffers, int32_t index,
                                   struct smelt_record *record) {
    struct smelt_file *const file = &interpreter->file;
    const uint32_t number = smelt_file_u32(file, record->table, TENSOR_BUFFER, 0);
    const uint32_t type = smelt_file_u8(file, record->table, TENSOR_TYPE, 0);
    if (number == 0) {
        return SMELT_OK;
    }
    const uint32_t buffer = smelt_file_element(file, buffers, number);
    const struct smelt_vector data = smelt_file_vector(file, buffer, BUFFER_DATA, 1);
    if (smelt_file_field(file, buffer, BUFFER_OFFSET, 8) != 0) {
        return smelt_fail(interpreter, SMELT_ERROR_UNSUPPORTED, -1, index, SMELT_MESSAGE("data behind the model"));
    }
    if (data.count == 0) {
        return SMELT_OK;
    }
    const uint32_t alignment = type > LARGEST_TYPE || type_bits[type] < 8 ? 1 : type_bits[type] / 8u;
    if (data.count != record->bytes || ((uintptr_t)(file->bytes + data.at) & (alignment - 1)) != 0) {
        return broken(interpreter, -1, index, SMELT_MESSAGE("a constant has the wrong size or alignment"));
    }
    record->place = SMELT_CONSTANT | data.at;
    return SMELT_OK;
}

static int is_variable(struct smelt_file *file, const struct smelt_record *record) {
    return smelt_file_u8(file, record->table, TENSOR_VARIABLE, 0) != 0;
}

static enum smelt_status read_tensors(struct smelt_interpreter *interpreter, uint32_t root) {
    struct smelt_file *const file = &interpreter->file;
    const struct smelt_vector buffers = smelt_file_vector(file, root, MODEL_BUFFERS, 4);
    for (uint32_t index = 0; index < interpreter->tensors.count; index++) {
        struct smelt_record *const record = smelt_records(interpreter) + index;
        record->table = smelt_file_element(file, interpreter->tensors, index);
        const int32_t bytes = tensor_bytes(file, record->table);
        if (bytes < 0 || smelt_file_table(file, record->table, TENSOR_SPARSITY) != 0) {
            return smelt_fail(interpreter, SMELT_ERROR_UNSUPPORTED, -1, (int32_t)index,
                              SMELT_MESSAGE("a tensor of this kind or size"));
        }
        record->bytes = (uint32_t)bytes;
        record->place = 0;
        record->first = record->last = SMELT_NEVER;
        enum smelt_status status = find_data(interpreter, buffers, (int32_t)index, record);
        if (status == SMELT_OK && is_variable(file, record)) {
            if (record->place != 0) {
                return smelt_fail(interpreter, SMELT_ERROR_UNSUPPORTED, -1, (int32_t)index,
                                  SMELT_MESSAGE("a variable whose first value is in the file"));
            }
            record->place = smelt_allot(interpreter, record->bytes);
        }
        if (status != SMELT_OK || file->damaged) {
            return status != SMELT_OK ? status
                                      : broken(interpreter, -1, (int32_t)index, SMELT_MESSAGE("the file is damaged"));
        }
    }
    return SMELT_OK;
}

/* What a list of tensors of node `node` (the graph's inputs: 0, its outputs: the number of nodes) means for their lives:
 * `written` here, or read. */
static enum smelt_status note_uses(struct smelt_interpreter *interpreter, struct smelt_vector list, uint32_t node,
                                   int written, int optional) {
    for (uint32_t k = 0; k < list.count; k++) {
        const uint32_t index = smelt_file_word(&interpreter->file, list.at + 4 * k);
        if (optional && index == UINT32_MAX) {
            continue;
        }
        if (index >= interpreter->tensors.count) {
            return broken(interpreter, (int32_t)node, -1, SMELT_MESSAGE("there is no such tensor"));
        }
        struct smelt_record *const record = smelt_records(interpreter) + index;
        /* constants and variables */
        const int fixed = record->place != 0 && record->place != SMELT_NOWHERE;
        const int known = record->first != SMELT_NEVER || (record->bytes == 0 && !written);
        if (fixed ? written : written == known) {
            return broken(interpreter, (int32_t)node, (int32_t)index,
                          SMELT_MESSAGE("a tensor is read before it is written, or written twice, or fixed"));
        }
        if (!fixed) {
            record->place = SMELT_NOWHERE;
            record->first = record->first == SMELT_NEVER ? (uint16_t)node : record->first;
            record->last = (uint16_t)node;
        }
    }
    return SMELT_OK;
}

static void open_node(struct smelt_interpreter *interpreter, uint32_t index, struct smelt_node *node) {
    struct smelt_file *const file = &interpreter->file;
    const uint32_t table = smelt_records(interpreter)[interpreter->tensors.count + index].table;
    node->interpreter = interpreter;
    node->inputs = smelt_file_vector(file, table, NODE_INPUTS, 4);
    node->outputs = smelt_file_vector(file, table, NODE_OUTPUTS, 4);
    node->options = smelt_file_table(file, table, NODE_OPTIONS);
    node->scratch = 0;
    node->kept = smelt_node_records(interpreter)[index].kept;
    node->index = (uint16_t)index;
    node->preparing = 0;
}

/* Whether a registration of a custom operator has the name of this one. */
static int same_name(struct smelt_file *file, uint32_t entry, const struct smelt_registration *registration) {
    const char *const name = ((const struct smelt_custom_operator *)registration)->name;
    const struct smelt_vector found = smelt_file_vector(file, entry, CODE_CUSTOM, 1);
    uint32_t k = 0;
    while (k < found.count && name[k] != '\0' && (uint8_t)name[k] == file->bytes[found.at + k]) {
        k++;
    }
    return k == found.count && name[k] == '\0';
}

/* The registration for a node's operator and the type of its input 0. */
static enum smelt_status resolve(struct smelt_interpreter *interpreter, const struct smelt_node *node,
                                 uint16_t *registration) {
    struct smelt_file *const file = &interpreter->file;
    const uint32_t entry = smelt_operator_entry(interpreter, node->index), code = smelt_operator_code(file, entry);
    uint32_t type = 0;
    if (node->inputs.count != 0) {
        const uint32_t first = smelt_file_word(file, node->inputs.at);
        if (first < interpreter->tensors.count) {
            type = smelt_file_u8(file, smelt_records(interpreter)[first].table, TENSOR_TYPE, 0);
        }
    }
    for (uint32_t k = 0; k < interpreter->setup.operator_count && k < UINT16_MAX; k++) {
        const struct smelt_registration *const known = interpreter->setup.operators[k];
        if (known->code == code && (known->type == type || known->type == SMELT_ANY) &&
            (code != SMELT_CODE_CUSTOM || same_name(file, entry, known))) {
            *registration = (uint16_t)k;
            return SMELT_OK;
        }
    }
    return smelt_fail(interpreter, SMELT_ERROR_OPERATOR, node->index, -1,
                      SMELT_MESSAGE("not registered for the type of its first input"));
}

/* Every node in order: what it reads and writes, its registration, and what memory it needs. */
static enum smelt_status prepare_nodes(struct smelt_interpreter *interpreter) {
    struct smelt_file *const file = &interpreter->file;
    enum smelt_status status = note_uses(interpreter, interpreter->inputs, 0, 1, 0);
    for (uint32_t index = 0; index < interpreter->nodes.count && status == SMELT_OK; index++) {
        struct smelt_record *const record = smelt_records(interpreter) + interpreter->tensors.count + index;
        struct smelt_node_record *const more = smelt_node_records(interpreter) + index;
        struct smelt_node node;
        record->table = smelt_file_element(file, interpreter->nodes, index);
        record->first = record->last = (uint16_t)index;
        record->place = SMELT_NOWHERE;
        more->kept = interpreter->state_bytes + interpreter->kept_bytes;
        more->state = 0;
        open_node(interpreter, index, &node);
        node.preparing = 1;
        if ((status = note_uses(interpreter, node.inputs, index, 0, 1)) == SMELT_OK &&
            (status = note_uses(interpreter, node.outputs, index, 1, 0)) == SMELT_OK &&
            (status = resolve(interpreter, &node, &more->registration)) == SMELT_OK) {
            status = interpreter->setup.operators[more->registration]->run(&node);
        }
        record->bytes = node.scratch;
        if (status == SMELT_OK && file->damaged) {
            status = broken(interpreter, (int32_t)index, -1, SMELT_MESSAGE("the file is damaged"));
        }
    }
    return status != SMELT_OK ? status : note_uses(interpreter, interpreter->outputs, interpreter->nodes.count, 0, 0);
}

enum smelt_status smelt_initialize(struct smelt_interpreter *interpreter, const struct smelt_setup *setup) {
    uint32_t root = 0, end;
    memset(interpreter, 0, sizeof *interpreter);
    interpreter->setup = *setup;
    interpreter->file.bytes = setup->model;
    interpreter->file.size = setup->model_bytes;
    interpreter->status = SMELT_ERROR_ARENA;
    enum smelt_status status = open_file(interpreter, &root);
    if (status != SMELT_OK) {
        return status;
    }
    if (setup->arena == NULL || setup->arena_bytes > MOST_BYTES ||
        (((uintptr_t)setup->arena | (uintptr_t)setup->shared) & (SMELT_ARENA_ALIGNMENT - 1)) != 0) {
        return smelt_fail(interpreter, SMELT_ERROR_ARENA, -1, -1, SMELT_MESSAGE("the arena is NULL, or it or what is shared is not aligned"));
    }
    interpreter->state_bytes =
        (interpreter->tensors.count + interpreter->nodes.count) * (uint32_t)sizeof(struct smelt_record) +
        interpreter->nodes.count * (uint32_t)sizeof(struct smelt_node_record);
    if (interpreter->state_bytes > setup->arena_bytes) {
        return too_small(interpreter, interpreter->state_bytes - setup->arena_bytes,
                         SMELT_MESSAGE("the arena is too small"));
    }
    if ((status = read_tensors(interpreter, root)) != SMELT_OK ||
        (status = prepare_nodes(interpreter)) != SMELT_OK) {
        return status;
    }
    const uint32_t start = interpreter->state_bytes + interpreter->kept_bytes;
    if (setup->planner != NULL) {
        setup->planner(interpreter, start);
    }
    end = smelt_plan(smelt_records(interpreter), interpreter->tensors.count + interpreter->nodes.count, start);
    if (end == UINT32_MAX) {
        return smelt_fail(interpreter, SMELT_ERROR_UNSUPPORTED, -1, -1, SMELT_MESSAGE("gigabytes of tensors"));
    }
    interpreter->planned_bytes = end - start;
    const uint32_t needed = setup->shared == NULL ? end : start;
    if (needed > setup->arena_bytes) {
        return too_small(interpreter, needed - setup->arena_bytes, SMELT_MESSAGE("the arena is too small"));
    }
    if (setup->shared != NULL && interpreter->planned_bytes > setup->shared_bytes) {
        return too_small(interpreter, interpreter->planned_bytes - setup->shared_bytes,
                         SMELT_MESSAGE("what is shared is too small"));
    }
    interpreter->status = SMELT_OK;
    return smelt_reset(interpreter);
}

enum smelt_status smelt_reset(struct smelt_interpreter *interpreter) {
    for (uint32_t index = 0; index < interpreter->tensors.count && interpreter->status == SMELT_OK; index++) {
        if (is_variable(&interpreter->file, smelt_records(interpreter) + index)) {
            struct smelt_tensor variable;
            smelt_describe(interpreter, (int32_t)index, &variable);
            memset(variable.data, variable.type == SMELT_S8 ? variable.zero_point : 0, variable.bytes);
        }
    }
    for (uint32_t index = 0; index < interpreter->nodes.count && interpreter->status == SMELT_OK; index++) {
        const struct smelt_node_record *const node = smelt_node_records(interpreter) + index;
        memset((uint8_t *)interpreter->setup.arena + node->kept, 0, (size_t)node->state * SMELT_ARENA_ALIGNMENT);
    }
    return (enum smelt_status)interpreter->status;
}

enum smelt_status smelt_run_node(struct smelt_interpreter *interpreter, uint32_t index) {
    struct smelt_node node;
    open_node(interpreter, index, &node);
    return interpreter->setup.operators[smelt_node_records(interpreter)[index].registration]->run(&node);
}

enum smelt_status smelt_invoke(struct smelt_interpreter *interpreter) {
    enum smelt_status status = (enum smelt_status)interpreter->status;
    for (uint32_t index = 0; index < interpreter->nodes.count && status == SMELT_OK; index++) {
        status = smelt_run_node(interpreter, index);
    }
    return status;
}

static enum smelt_status describe(struct smelt_interpreter *interpreter, struct smelt_vector list, uint32_t index,
                                  struct smelt_tensor *tensor) {
    if (interpreter->status != SMELT_OK) {
        return (enum smelt_status)interpreter->status;
    }
    if (index >= list.count) {
        return smelt_fail(interpreter, SMELT_ERROR_INPUT, -1, -1, SMELT_MESSAGE("there is no such input or output"));
    }
    smelt_describe(interpreter, (int32_t)smelt_file_word(&interpreter->file, list.at + 4 * index), tensor);
    return SMELT_OK;
}

enum smelt_status smelt_input(struct smelt_interpreter *interpreter, uint32_t index, struct smelt_tensor *tensor) {
    return describe(interpreter, interpreter->inputs, index, tensor);
}

enum smelt_status smelt_output(struct smelt_interpreter *interpreter, uint32_t index, struct smelt_tensor *tensor) {
    return describe(interpreter, interpreter->outputs, index, tensor);
}

uint32_t smelt_arena_used_bytes(const struct smelt_interpreter *interpreter) {
    return interpreter->state_bytes + interpreter->kept_bytes + interpreter->planned_bytes;
}

uint32_t smelt_arena_missing_bytes(const struct smelt_interpreter *interpreter) {
    return interpreter->missing_bytes;
}
