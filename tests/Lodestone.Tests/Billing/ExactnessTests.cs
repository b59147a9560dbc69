using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing;

public sealed class ExactnessTests
{
    /// <summary>Between event and invoice there is no rounding that nobody chose.</summary>
    [Fact]
    public void Billing_neither_holds_nor_computes_with_binary_or_floating_decimals()
    {
        using var file = File.OpenRead(typeof(BillingModule).Assembly.Location);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();

        var found = new List<string>();
        found.AddRange(metadata.FieldDefinitions.Select(metadata.GetFieldDefinition)
            .Where(f => f.DecodeSignature(new FloatingTypes(), null)).Select(f => metadata.GetString(f.Name)));
        found.AddRange(metadata.MemberReferences.Select(metadata.GetMemberReference).Where(Uses).Select(m => metadata.GetString(m.Name)));
        foreach (var method in metadata.MethodDefinitions.Select(metadata.GetMethodDefinition))
        {
            var signature = method.DecodeSignature(new FloatingTypes(), null);
            var locals = method.RelativeVirtualAddress == 0 || image.GetMethodBody(method.RelativeVirtualAddress).LocalSignature is { IsNil: true }
                ? []
                : metadata.GetStandaloneSignature(image.GetMethodBody(method.RelativeVirtualAddress).LocalSignature).DecodeLocalSignature(new FloatingTypes(), null);
            if (signature.ReturnType || signature.ParameterTypes.Any(p => p) || locals.Any(l => l))
            {
                found.Add(metadata.GetString(method.Name));
            }
        }

        Assert.Empty(found);
    }

    private static bool Uses(MemberReference member)
    {
        if (member.GetKind() is MemberReferenceKind.Field)
        {
            return member.DecodeFieldSignature(new FloatingTypes(), null);
        }

        var signature = member.DecodeMethodSignature(new FloatingTypes(), null);
        return signature.ReturnType || signature.ParameterTypes.Any(p => p);
    }

    /// <summary>True for a type that is or contains float, double or decimal.</summary>
    private sealed class FloatingTypes : ISignatureTypeProvider<bool, object?>
    {
        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode is PrimitiveTypeCode.Single or PrimitiveTypeCode.Double;

        public bool GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeReference(handle);
            return reader.GetString(type.Namespace) == "System" && reader.GetString(type.Name) is "Decimal" or "Half";
        }

        public bool GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => false;

        public bool GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public bool GetArrayType(bool elementType, ArrayShape shape) => elementType;

        public bool GetByReferenceType(bool elementType) => elementType;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => signature.ReturnType || signature.ParameterTypes.Any(p => p);

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => genericType || typeArguments.Any(t => t);

        public bool GetGenericMethodParameter(object? genericContext, int index) => false;

        public bool GetGenericTypeParameter(object? genericContext, int index) => false;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => unmodifiedType;

        public bool GetPinnedType(bool elementType) => elementType;

        public bool GetPointerType(bool elementType) => elementType;

        public bool GetSZArrayType(bool elementType) => elementType;
    }
}
