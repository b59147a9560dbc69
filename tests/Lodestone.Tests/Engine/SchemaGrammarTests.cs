using System.Text.Json;
using Lodestone.Engine.Grammars;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Native;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class SchemaGrammarTests : IDisposable
{
    private readonly LoadedModel _model = LoadedModel.Load(EngineProcess.DemoModel);

    [Theory]
    [InlineData("""{"type":"integer","minimum":0,"maximum":120}""", "0 7 99 120", "-1 121 007 1.5")]
    [InlineData("""{"type":"integer","minimum":-12,"maximum":5}""", "-12 -3 0 5", "-13 6")]
    [InlineData("""{"type":"integer","exclusiveMinimum":9}""", "10 11 99 1000", "9 0 -10")]
    [InlineData("""{"type":"integer","minimum":395,"maximum":1203}""", "395 400 499 999 1000 1199 1203", "394 1204 39 2000")]
    [InlineData("""{"type":"number"}""", "0 -1.5 3e8 12.25", "01 .5 1. abc")]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "0 0.5 1", "1.1 -0.1 2")]
    [InlineData("""{"type":"boolean"}""", "true false", "True 1")]
    [InlineData("""{"type":["string","null"]}""", "null \"a\"", "nul a")]
    [InlineData("""{"enum":["red",3,null]}""", "\"red\" 3 null", "\"blue\" 4")]
    [InlineData("""{"const":{"a":1}}""", "{\"a\":1}", "{\"a\":2}")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\" \"abc\"", "\"a\" \"abcd\"")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-1\" \"XY-123\"", "\"A-1\" \"AB-\" \"ab-1\"")]
    [InlineData("""{"type":"string","pattern":"^(a|bc)+x?$"}""", "\"a\" \"abcx\" \"bcbc\"", "\"\" \"x\" \"b\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-28\"", "\"2024-13-01\" \"24-01-01\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"x\"")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1] [1,2]", "[] [1,2,3]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]}""", "[1,\"a\"]", "[1] [\"a\",1]")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"}},"required":["b"]}""", "{\"b\":1} {\"a\":1,\"b\":2} {\"b\":1,\"c\":2} {\"a\":1,\"b\":2,\"c\":3}", "{} {\"a\":1} {\"a\":1,\"c\":2} {\"b\":1,\"d\":1} {\"b\":1,}")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}""", "{} {\"a\":1} {\"b\":1} {\"a\":1,\"b\":1}", "{,} {\"b\":1,\"a\":1}")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"}}""", "{} {\"x\":1,\"y\":2}", "{\"x\":\"a\"}")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}", "{\"a\":1}")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"$ref":"#/$defs/t"}],"$defs":{"t":{"const":"x"}}}""", "1 \"x\"", "\"y\"")]
    [InlineData("""{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["v","next"]}}}""", "{\"v\":1,\"next\":null} {\"v\":1,\"next\":{\"v\":2,\"next\":null}}", "{\"v\":1}")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}}}]}""", "{\"a\":1} {\"a\":1,\"b\":null}", "{} {\"b\":null}")]
    [InlineData("true", "{\"a\":[1,{\"b\":null}]} 3 \"x\"", "{a}")]
    public void A_grammar_takes_what_the_schema_allows_and_nothing_else(string schema, string allowed, string forbidden)
    {
        var grammar = SchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement);

        Assert.All(allowed.Split(' '), text => Assert.True(Accepts(grammar, text), $"{text} is refused by\n{grammar}"));
        Assert.All(forbidden.Split(' '), text => Assert.False(Accepts(grammar, text), $"{text} is taken by\n{grammar}"));
    }

    [Theory]
    [InlineData("""{"type":"object","patternProperties":{}}""", "patternProperties")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "uniqueItems")]
    [InlineData("""{"not":{"type":"string"}}""", "'not'")]
    [InlineData("""{"type":"widget"}""", "unknown type 'widget'")]
    [InlineData("""{"type":"number","multipleOf":0.5}""", "multipleOf")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "leaves no number")]
    [InlineData("""{"type":"string","format":"idn-email"}""", "idn-email")]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "looks around")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "not closed")]
    [InlineData("""{"type":"string","minLength":5,"maxLength":2}""", "below its 'minLength'")]
    [InlineData("""{"type":"object","required":["a"]}""", "requires 'a' without describing it")]
    [InlineData("""{"$ref":"https://example.org/x"}""", "only references within the schema")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "which is not there")]
    [InlineData("""{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}""", "can never be satisfied")]
    [InlineData("""{"type":"object","properties":{"again":{"$ref":"#"}},"required":["again"]}""", "can never be satisfied")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "refers to itself")]
    [InlineData("""{"anyOf":[{"type":"null"}],"type":"object","properties":{}}""", "combines 'anyOf'")]
    [InlineData("false", "allows nothing")]
    [InlineData("3", "must be an object")]
    [InlineData("""{"properties":{"deep":{"items":{"format":"nonsense"}}}}""", "#/properties/deep/items")]
    public void What_has_no_rule_is_refused_with_its_place(string schema, string reason)
    {
        var fault = Assert.Throws<SchemaFault>(() => SchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement));

        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_has_a_bound()
    {
        var schema = string.Concat(Enumerable.Repeat("""{"items":""", 60)) + "true" + new string('}', 60);
        var deeper = string.Concat(Enumerable.Repeat("""{"items":""", 70)) + "true" + new string('}', 70);

        Assert.Contains("array", SchemaGrammar.Compile(Parse(schema)), StringComparison.Ordinal);
        Assert.Contains("nested deeper", Assert.Throws<SchemaFault>(() => SchemaGrammar.Compile(Parse(deeper))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _model.Dispose();

    private static JsonElement Parse(string json) => JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 }).RootElement;

    /// <summary>Whether the text can be written token by token, and can end there.</summary>
    private unsafe bool Accepts(string grammar, string text)
    {
        using var sampler = _model.Vocabulary.Grammar(grammar);
        foreach (var token in _model.Vocabulary.Tokenize(text))
        {
            if (!Fits(sampler, token))
            {
                return false;
            }

            Samplers.Accept(sampler, token);
        }

        return Fits(sampler, 4095); // the end of a turn
    }

    private static unsafe bool Fits(SamplerHandle sampler, int token)
    {
        var candidate = new Candidate { Token = token, Logit = 1 };
        var candidates = new Candidates { First = &candidate, Count = 1, Selected = -1 };
        Samplers.Apply(sampler, ref candidates);
        return !float.IsNegativeInfinity(candidate.Logit);
    }
}
