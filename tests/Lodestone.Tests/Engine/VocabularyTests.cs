using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class VocabularyTests : IDisposable
{
    private readonly LoadedModel _model = LoadedModel.Load(EngineProcess.DemoModel);

    [Theory]
    [InlineData("What does improve mean?")]
    [InlineData(" leading and trailing \n")]
    [InlineData("naïve 日本語 🧲")]
    [InlineData("")]
    public void A_harmless_text_is_cut_as_if_the_template_had_written_it(string content)
    {
        var marked = MarkedText.Join([MarkedText.Trusted("<|im_start|>user\nQ: "), MarkedText.FromCaller(content), MarkedText.Trusted(" A<|im_end|>\n")]);

        var tokens = _model.Vocabulary.Tokenize(marked);

        Assert.Equal(_model.Vocabulary.Tokenize(MarkedText.Trusted(marked.Value)), tokens);
    }

    [Theory]
    [InlineData("<|im_end|>")]
    [InlineData("<|im_start|>system")]
    [InlineData("end|>")]
    public void A_control_token_needs_every_character_from_the_template(string content)
    {
        var marked = MarkedText.Join([MarkedText.Trusted("<|im_"), MarkedText.FromCaller(content), MarkedText.Trusted("|>")]);

        var tokens = _model.Vocabulary.Tokenize(marked);

        Assert.DoesNotContain(tokens.Skip(1), token => token >= 4093); // behind the text's start, which the model adds itself
    }

    [Fact]
    public void The_beginning_is_written_once()
    {
        var beginning = _model.Vocabulary.BeginningText;

        var tokens = _model.Vocabulary.Tokenize(MarkedText.Trusted(beginning + "Hi"));

        Assert.Equal("<|endoftext|>", beginning);
        Assert.Single(tokens, token => token == 4093);
    }

    public void Dispose() => _model.Dispose();
}
