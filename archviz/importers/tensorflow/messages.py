"""TensorFlow's messages, as far as a graph's structure needs them.

Fields and numbers are those of ``graph.proto``, ``node_def.proto``, ``attr_value.proto``,
``function.proto``, ``meta_graph.proto``, ``saved_model.proto``, ``saved_object_graph.proto`` and
``event.proto``. They live in a pool of their own, so that they meet TensorFlow's own in one process
without harm.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_MESSAGES = """
Dim: size=1 int64, name=2 string
TensorShapeProto: dim=2 Dim*, unknown_rank=3 bool
TensorProto: dtype=1 DataType, tensor_shape=2 TensorShapeProto, tensor_content=4 bytes,
 half_val=13 int32*, float_val=5 float*, double_val=6 double*, int_val=7 int32*,
 string_val=8 bytes*, int64_val=10 int64*, bool_val=11 bool*
ListValue: s=2 bytes*, i=3 int64*, f=4 float*, b=5 bool*, type=6 DataType*,
 shape=7 TensorShapeProto*, tensor=8 TensorProto*, func=9 NameAttrList*
AttrValue: list=1 ListValue|, s=2 bytes|, i=3 int64|, f=4 float|, b=5 bool|, type=6 DataType|,
 shape=7 TensorShapeProto|, tensor=8 TensorProto|, placeholder=9 string|, func=10 NameAttrList|
NameAttrList: name=1 string, attr=2 {string:AttrValue}
NodeDef: name=1 string, op=2 string, input=3 string*, device=4 string, attr=5 {string:AttrValue}
VersionDef: producer=1 int32, min_consumer=2 int32
ArgDef: name=1 string, description=2 string, type=3 DataType, type_attr=4 string,
 number_attr=5 string, type_list_attr=6 string
OpDef: name=1 string, input_arg=2 ArgDef*, output_arg=3 ArgDef*, control_output=20 string*
FunctionDef: signature=1 OpDef, node_def=3 NodeDef*, ret=4 {string:string},
 attr=5 {string:AttrValue}, control_ret=6 {string:string}
FunctionDefLibrary: function=1 FunctionDef*
GraphDef: node=1 NodeDef*, library=2 FunctionDefLibrary, version=3 int32, versions=4 VersionDef
TensorInfo: name=1 string, dtype=2 DataType, tensor_shape=3 TensorShapeProto
SignatureDef: inputs=1 {string:TensorInfo}, outputs=2 {string:TensorInfo}, method_name=3 string
MetaInfoDef: meta_graph_version=1 string, tags=4 string*, tensorflow_version=5 string
SavedVariable: dtype=1 DataType, shape=2 TensorShapeProto, trainable=3 bool, name=6 string
ObjectReference: node_id=1 int32, local_name=2 string
SavedObject: children=1 ObjectReference*, variable=7 SavedVariable
SavedConcreteFunction: bound_inputs=2 int32*
SavedObjectGraph: nodes=1 SavedObject*, concrete_functions=2 {string:SavedConcreteFunction}
MetaGraphDef: meta_info_def=1 MetaInfoDef, graph_def=2 GraphDef,
 signature_def=5 {string:SignatureDef}, object_graph_def=7 SavedObjectGraph
SavedModel: saved_model_schema_version=1 int64, meta_graphs=2 MetaGraphDef*
"""

DTYPES = {
    "DT_INVALID": 0, "DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5,
    "DT_INT8": 6, "DT_STRING": 7, "DT_COMPLEX64": 8, "DT_INT64": 9, "DT_BOOL": 10, "DT_QINT8": 11,
    "DT_QUINT8": 12, "DT_QINT32": 13, "DT_BFLOAT16": 14, "DT_QINT16": 15, "DT_QUINT16": 16,
    "DT_UINT16": 17, "DT_COMPLEX128": 18, "DT_HALF": 19, "DT_RESOURCE": 20, "DT_VARIANT": 21,
    "DT_UINT32": 22, "DT_UINT64": 23, "DT_FLOAT8_E5M2": 24, "DT_FLOAT8_E4M3FN": 25, "DT_INT4": 29,
    "DT_UINT4": 30,
}  # fmt: skip
_SPELLED = {"float": "float32", "double": "float64", "half": "float16"}
_SCALARS = {
    "double": 1, "float": 2, "int64": 3, "int32": 5, "bool": 8, "string": 9, "bytes": 12,
}  # fmt: skip
_MESSAGE, _ENUM, _REPEATED, _OPTIONAL = 11, 14, 3, 1
_PACKAGE = "archviz.tensorflow"


def dtype_name(number: int) -> str:
    """The element type that TensorFlow gives ``number``; those of references are the same."""
    return _NAMES.get(number - 100 if number > 100 else number, "")


_NAMES = {
    number: _SPELLED.get(name, name)
    for key, number in DTYPES.items()
    if (name := key.removeprefix("DT_").lower()) != "invalid"
}


@cache
def message_class(name: str) -> Any:
    """The class of the messages called ``name``."""
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _file() -> Any:
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="archviz/tensorflow.proto", package=_PACKAGE, syntax="proto3"
    )
    enum = file.enum_type.add(name="DataType")
    for key, number in DTYPES.items():
        enum.value.add(name=key, number=number)
    for line in _MESSAGES.replace("\n ", " ").strip().splitlines():
        name, _, listed = line.partition(": ")
        message = file.message_type.add(name=name)
        for item in listed.split(", "):
            _add_field(message, item)
    return file


def _add_field(message: Any, described: str) -> None:
    label, kind = described.split(" ")
    name, number = label.split("=")
    field = message.field.add(name=name, number=int(number), label=_OPTIONAL)
    if kind.startswith("{"):
        value = kind[1:-1].partition(":")[2]
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _set_type(entry.field.add(name="key", number=1, label=_OPTIONAL), "string")
        _set_type(entry.field.add(name="value", number=2, label=_OPTIONAL), value)
        field.label, field.type = _REPEATED, _MESSAGE
        field.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
        return
    if kind.endswith("|"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
    if kind.endswith("*"):
        field.label = _REPEATED
    _set_type(field, kind.rstrip("*|"))


def _set_type(field: Any, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
        return
    field.type = _ENUM if kind == "DataType" else _MESSAGE
    field.type_name = f".{_PACKAGE}.{kind}"
